import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestHost } from "../hosts";

/** What clients of a service saw. */
export interface Seen {
    /** Requests, each on a new connection. */
    sent: number;
    /** Of them without a good answer in 10 seconds. */
    lost: number;
    /** How often each way to be lost came: ECONNREFUSED, ECONNRESET, ... */
    reasons: Record<string, number>;
    /** Milliseconds from the first packet to the end of the answer. */
    median: number;
    longest: number;
    /** How long it went on. */
    seconds: number;
}

/** Requests a second. */
export const RATE = 200;

/** What clients see of the port of a host during the run: new connections at a steady rate, from a process of its own. */
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
