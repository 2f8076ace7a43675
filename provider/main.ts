import type { Server as Listener } from "node:net";
import { type ProviderServer, serve } from "./protocol/server";
import type { Served } from "./protocol/session";

let hasConnected = false;

/** Imported when the server stands: it answers the first calls without. */
async function load(): Promise<Served> {
    const [{ portable }, { createPool }] = await Promise.all([import("./portable"), import("./target/pool")]);
    const pool = createPool();
    const connect: typeof pool.connect = (...args) => {
        hasConnected = true;
        return pool.connect(...args);
    };
    return { package: portable, pool: { ...pool, connect } };
}

/** The engine's address is the last argument; started by hand for PULUMI_DEBUG_PROVIDERS there is none. */
function engineAddressOf(argv: readonly string[]): string | undefined {
    const last = argv.slice(2).at(-1);
    return last !== undefined && /^[^-].*:\d+$/.test(last) ? last : undefined;
}

/** Ends with the engine: by its signal, or when it is gone and standard input ends with it. */
function endWith(server: ProviderServer, isAttached: boolean): void {
    let isEnding = false;
    const end = (): void => {
        if (isEnding) return;
        isEnding = true;
        void server.stop().finally(() => process.exit(0));
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
    if (isAttached) return;
    process.stdin.on("end", end);
    process.stdin.on("error", end);
    process.stdin.resume();
}

/** start.ts has told the engine the port; it dials meanwhile. Returns what says whether hosts were called on so far. */
export function main(listener: Listener): () => "host" | "preview" {
    const engineAddress = engineAddressOf(process.argv);
    const server = serve(listener, load, engineAddress);
    endWith(server, engineAddress === undefined);
    // While the engine shakes hands, what its first calls need.
    setImmediate(server.warmUp);
    return () => (hasConnected ? "host" : "preview");
}
