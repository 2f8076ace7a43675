import type { Server as Listener } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { loadCalls, methodsOf } from "./service";
import { EngineSession, type Served } from "./session";

/** The engine's limit for messages, which a large state can reach. */
const MESSAGE_BYTES = 400 * 1024 * 1024;
/** Less than the 5 s after which the engine kills a provider that doesn't exit. */
const GRACE_MS = 4000;

export interface ProviderServer {
    /** Loads what the first calls need. */
    warmUp(): void;
    /** Sets the engine's address for messages, until Handshake or Attach sets another one. */
    attach(engineAddress: string): void;
    /** Aborts running calls, waits a few seconds at most for their end, and closes all connections. */
    stop(): Promise<void>;
}

/** Serves pulumirpc.ResourceProvider on the listener's connections. */
export function serve(listener: Listener, load: () => Promise<Served>): ProviderServer {
    const session = new EngineSession(load);
    const server = new Server({
        "grpc.max_receive_message_length": MESSAGE_BYTES,
        "grpc.max_send_message_length": MESSAGE_BYTES,
    });
    server.addService(ResourceProviderService, methodsOf(session));
    const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
    listener.on("connection", (connection) => connections.injectConnection(connection));
    return {
        warmUp() {
            // The call that needs it reports a failure to load.
            Promise.all([session.served(), loadCalls()]).catch(() => {});
        },
        attach: (engineAddress) => session.attach(engineAddress),
        async stop() {
            await session.end(GRACE_MS);
            // HTTP/2 passes its data to the kernel at the end of this turn of the event loop. The engine waits for the answer
            // and doesn't close the connection itself.
            await nextTurn();
            listener.close();
            server.forceShutdown();
        },
    };
}
