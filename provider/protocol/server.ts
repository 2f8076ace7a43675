import type { Server as Listener } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { loadCalls, methodsOf } from "./service";
import { EngineSession, type Served } from "./session";

/** The engine's own limit, which a large state can reach. */
const MESSAGE_BYTES = 400 * 1024 * 1024;
/** The engine kills the provider 5 s after it asked it to end. */
const GRACE_MS = 4000;

export interface ProviderServer {
    /** Loads what the first calls need. */
    warmUp(): void;
    /** Messages go to the engine at this address, until Handshake or Attach brings another. */
    attach(engineAddress: string): void;
    /** Aborts running calls, waits a few seconds at most until they have ended, and closes all connections. */
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
            // A failure to load is reported by the call that needs it.
            Promise.all([session.served(), loadCalls()]).catch(() => {});
        },
        attach: (engineAddress) => session.attach(engineAddress),
        async stop() {
            await session.end(GRACE_MS);
            // HTTP/2 hands its data to the kernel at the end of this turn of the event loop. The engine waits for the
            // answer and closes nothing itself.
            await nextTurn();
            listener.close();
            server.forceShutdown();
        },
    };
}
