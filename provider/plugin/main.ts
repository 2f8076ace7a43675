import { createServer, type Server as Listener } from "node:net";
import { type ProviderServer, serve } from "../protocol/server";
import type { Served } from "../protocol/session";
import { waitForNextStart } from "./waiting";

/** What the process does for one start by the engine. */
interface Run {
    server: ProviderServer;
    /** Whether it has called on a host. */
    hasConnected(): boolean;
}

function begin(listener: Listener): Run {
    let hasConnected = false;
    /** Imported when the server stands: it answers the first calls without. */
    async function load(): Promise<Served> {
        const [{ portable }, { createPool }] = await Promise.all([import("../package"), import("../ssh/pool")]);
        const pool = createPool();
        const connect: typeof pool.connect = (...args) => {
            hasConnected = true;
            return pool.connect(...args);
        };
        return { package: portable, pool: { ...pool, connect } };
    }
    const server = serve(listener, load);
    // While the engine shakes hands, what its first calls need.
    setImmediate(server.warmUp);
    return { server, hasConnected: () => hasConnected };
}

/**
 * What the arguments say of the engine: `[--engine PID] ADDRESS`. Started by hand for PULUMI_DEBUG_PROVIDERS there is
 * none, and where the next start can't find this process no pid.
 */
function engineOf(args: readonly string[]): { address?: string; pid?: number } {
    const last = args.at(-1);
    const address = last !== undefined && /^[^-].*:\d+$/.test(last) ? last : undefined;
    return { address, pid: args[0] === "--engine" ? Number(args[1]) : undefined };
}

/** Resolves by a signal, and, where standard input is the engine's, when that ends with it. */
function endOf(input: NodeJS.ReadStream | undefined): Promise<"SIGINT" | "SIGTERM" | "input"> {
    return new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
        for (const event of ["end", "error"]) input?.on(event, () => resolve("input"));
        input?.resume();
    });
}

/** start.ts has told the engine the port; it dials meanwhile. Returns what says whether hosts were called on so far. */
export function main(listener: Listener): () => "host" | "preview" {
    const engine = engineOf(process.argv.slice(2));
    const runs = [begin(listener)];
    live(runs, engine).then(
        () => process.exit(0),
        (error) => {
            console.error(error);
            process.exit(1);
        },
    );
    return () => (runs.some((run) => run.hasConnected()) ? "host" : "preview");
}

async function live(runs: Run[], engine: { address?: string; pid?: number }): Promise<void> {
    const [{ server, hasConnected }] = runs as [Run];
    if (engine.address !== undefined) server.attach(engine.address);
    const end = await endOf(engine.address === undefined ? undefined : process.stdin);
    const isWhole = await server.stop();
    const isPreview = isWhole && server.hasChecked() && !hasConnected();
    if (!isPreview || end !== "SIGINT" || engine.pid === undefined) return;

    const waiting = createServer();
    const next = begin(waiting);
    runs.push(next);
    const start = await waitForNextStart(waiting, engine.pid);
    if (start === undefined) return;
    next.server.attach(engineOf(start.args).address ?? "");
    await start.ended;
    await next.server.stop();
    await start.release();
}
