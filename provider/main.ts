import { type ProviderServer, startServer } from "./protocol/server";
import type { Served } from "./protocol/session";

/** Imported after the port line: the engine waits for that. */
async function load(): Promise<Served> {
    const [{ portable }, { createPool }] = await Promise.all([import("./portable"), import("./target/pool")]);
    return { package: portable, pool: createPool() };
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

async function main(): Promise<void> {
    const engineAddress = engineAddressOf(process.argv);
    const server = await startServer(load, engineAddress);
    endWith(server, engineAddress === undefined);
    process.stdout.write(`${server.port}\n`);
    // While the engine reads that and dials, what its first calls need.
    setImmediate(server.warmUp);
}

void main();
