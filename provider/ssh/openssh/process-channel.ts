import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { type Channel, type ChannelEnd, EndListeners } from "../link/link";

/** Exit status of ssh if ssh itself failed rather than the command. */
const SSH_FAILED = 255;
/** Number of first characters of standard error that are searched for ssh's own messages. */
const PRINTED_MAX = 4_000;
/** Time to wait for the end of the connection, which another process notices a moment after the end of its sessions. */
const END_MS = 50;

/** Messages of ssh if sshd opens no session or the connection has ended. */
const NO_SESSION = /mux_client\w*:|[Cc]ontrol ?[Ss]ocket|Control master terminated|kex_exchange_identification:/;

/** A session of an ssh process. */
export class ProcessChannel implements Channel {
    readonly input: Writable;
    readonly output: Readable;
    readonly errors: Readable;
    private readonly listeners = new EndListeners();
    private printed = "";

    constructor(
        private readonly child: ChildProcessWithoutNullStreams,
        isOpen: () => boolean,
    ) {
        this.input = child.stdin;
        this.output = child.stdout;
        this.errors = child.stderr.pipe(new PassThrough());
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
        child.stderr.on("data", (bytes: Buffer) => {
            if (this.printed.length < PRINTED_MAX) this.printed += bytes.toString("utf8");
        });
        child.on("error", (error) => this.listeners.set({ hasExited: false, code: undefined, refusal: error.message }));
        child.on("close", (code) => {
            if (code !== SSH_FAILED) this.listeners.set({ hasExited: code !== null, code: code ?? undefined });
            else setTimeout(() => this.listeners.set(this.failure(isOpen())), END_MS);
        });
    }

    get end(): ChannelEnd | undefined {
        return this.listeners.end;
    }

    onEnd(listener: () => void): () => void {
        return this.listeners.add(listener);
    }

    close(): void {
        this.child.kill();
    }

    private failure(isOpen: boolean): ChannelEnd {
        const refusal = NO_SESSION.exec(this.printed) === null ? undefined : this.printed.trim().split("\n")[0];
        return { hasExited: isOpen && refusal === undefined, code: SSH_FAILED, refusal };
    }
}
