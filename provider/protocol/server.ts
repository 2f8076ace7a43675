import type { Server as Listener } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { loadCalls, methodsOf } from "./service";
import { EngineSession, type Served } from "./session";

/** As large as the engine's own limit: a state can be. */
const MESSAGE_BYTES = 400 * 1024 * 1024;
/** The engine kills 5 s after it asked. */
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
            // What HTTP/2 took in this turn goes to the kernel at its end. The engine waits for this, and closes nothing itself.
            await nextTurn();
            listener.close();
            server.forceShutdown();
        },
    };
}
