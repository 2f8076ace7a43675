import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestHost } from "../hosts";

/** What clients of a service saw. */
export interface Seen {
    /** Requests, each on a new connection. */
    sent: number;
    /** Number of requests without a good answer within 10 seconds. */
    lost: number;
    /** Number of lost requests by error code: ECONNREFUSED, ECONNRESET, ... */
    reasons: Record<string, number>;
    /** Milliseconds from the first packet to the end of the answer. */
    median: number;
    longest: number;
    /** Duration of the whole run. */
    seconds: number;
}

/** Requests a second. */
export const RATE = 200;

/** Opens connections to a port of the host at a steady rate during the run, from a separate process. */
export async function underLoad(host: TestHost, port: number, run: () => Promise<void>): Promise<Seen> {
    const child = spawn(
        process.execPath,
        [join(__dirname, "send-requests.mjs"), host.address, String(port), String(RATE)],
        {
            stdio: ["pipe", "pipe", "inherit"],
        },
    );
    let text = "";
    const ended = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    await new Promise<void>((started) => {
        child.stdout.setEncoding("utf8").on("data", (part) => {
            text += part;
            started();
        });
    });
    try {
        await run();
    } finally {
        child.stdin.end();
        await ended;
    }
    return JSON.parse(text) as Seen;
}
