import { fstatSync } from "node:fs";
import type { Server as Listener } from "node:net";
import { serve } from "../protocol/server";
import type { Served } from "../protocol/session";

let hasConnected = false;

/** Imports the package once the server is listening, as the first calls don't need it. */
async function load(): Promise<Served> {
    const [{ portable }, { createPool }] = await Promise.all([import("../package"), import("../ssh/pool")]);
    const pool = createPool();
    const connect: typeof pool.connect = (...args) => {
        hasConnected = true;
        return pool.connect(...args);
    };
    return { package: portable, pool: { ...pool, connect } };
}

/** The engine's address is the last argument. A provider that a user starts for PULUMI_DEBUG_PROVIDERS has none. */
function engineAddressOf(args: readonly string[]): string | undefined {
    const last = args.at(-1);
    return last !== undefined && /^[^-].*:\d+$/.test(last) ? last : undefined;
}

/** Interval at which a provider without standard input checks whether its parent process still exists. */
const PARENT_CHECK_MS = 1000;

/** Resolves on a signal or, if the engine started this process, when the engine has exited. */
function untilEnd(isStartedByEngine: boolean): Promise<void> {
    return new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
        if (!isStartedByEngine) return;
        if (hasInput()) {
            for (const event of ["end", "error"]) process.stdin.on(event, () => resolve());
            process.stdin.resume();
        } else {
            const parent = process.ppid;
            setInterval(() => process.ppid !== parent && resolve(), PARENT_CHECK_MS).unref();
        }
    });
}

/** Whether standard input is a pipe of the engine. The language host of Node.js, which runs a PulumiPlugin.yaml, gives none. */
function hasInput(): boolean {
    try {
        const input = fstatSync(0);
        return input.isFIFO() || input.isSocket();
    } catch {
        return false;
    }
}

/**
 * Serves the provider on `listener`, whose port start.ts has printed; exits when the engine ends it.
 *
 * @returns a function that returns whether the process has connected to a host so far
 */
export function main(listener: Listener): () => boolean {
    const engineAddress = engineAddressOf(process.argv.slice(2));
    const server = serve(listener, load);
    if (engineAddress !== undefined) server.attach(engineAddress);
    void untilEnd(engineAddress !== undefined)
        .then(() => server.stop())
        .finally(() => process.exit(0));
    // Loads what the first calls need during the engine's handshake.
    setImmediate(server.warmUp);
    return () => hasConnected;
}

/** Runs `pulumi-resource-portable doctor [HOST...]` and exits with its status. */
export async function doctor(destinations: readonly string[]): Promise<void> {
    const [{ doctor }, { createPool }] = await Promise.all([import("../doctor/doctor"), import("../ssh/pool")]);
    const pool = createPool();
    const status = await doctor(destinations, {
        connect: (connection) => pool.connect(connection),
        print: (text) => process.stdout.write(`${text}\n`),
    });
    pool.close();
    process.exit(status);
}
