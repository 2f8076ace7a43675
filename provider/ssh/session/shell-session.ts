import { randomBytes } from "node:crypto";
import type { Answer, RunResult } from "../../host/host";
import type { Shell } from "../../host/shell";
import { untilAborted } from "../link/aborting";
import { type Channel, type Link, NotStarted } from "../link/link";
import type { Login } from "../login/login";
import { greet, type Outputs } from "./greeting";
import { MarkedOutput } from "./marked-output";
import { beginOf, commandLine, doneOf, programInput, type Rights, readyOf } from "./runner";
import { broken } from "./session-errors";

export interface RunOptions {
    signal?: AbortSignal;
    onLine?: (line: string) => void;
    isLast?: (line: string) => boolean;
    answer?: (line: string) => Promise<Answer | undefined> | undefined;
}

interface ProgramRun {
    output: MarkedOutput;
    errors: MarkedOutput;
    text: string;
    signal: AbortSignal | undefined;
}

/** A session with a shell on the host that runs programs one after the other. */
export class ShellSession {
    private isRunning = false;
    private outputs: Outputs | undefined;
    /** Whether it can't run another program. */
    isSpent = false;
    /** Whether it has just answered, so that it can't have broken since. */
    isFresh = true;

    private constructor(
        readonly link: Link,
        private readonly login: Login,
        readonly rights: Rights,
        private readonly channel: Channel,
    ) {
        channel.output.setEncoding("utf8").on("data", (text: string) => this.outputs?.output(text));
        channel.errors.setEncoding("utf8").on("data", (text: string) => this.outputs?.errors(text));
        // If the host disappears while a program is sent, the end of the channel shows it.
        for (const stream of [channel.input, channel.output, channel.errors]) stream.on("error", () => {});
    }

    /** @throws NotStarted; ConnectionError `login` or `sudo`; the signal's reason when aborted */
    static async open(link: Link, login: Login, rights: Rights, signal?: AbortSignal): Promise<ShellSession> {
        const token = `portable-${randomBytes(8).toString("hex")}`;
        const opened = link.exec(commandLine(token, rights));
        const channel = await untilAborted(opened, signal, (late) => late.close());
        const session = new ShellSession(link, login, rights, channel);
        try {
            await greet(channel, login, { token, rights, signal, listen: (outputs) => session.listen(outputs) });
            return session;
        } catch (error) {
            channel.close();
            throw error;
        }
    }

    /** Whether it can run a program now. */
    get isFree(): boolean {
        return this.channel.end === undefined && !this.isSpent && !this.isRunning && this.link.isOpen;
    }

    close(): void {
        this.channel.input.end();
    }

    /**
     * Runs a program and resolves when it has ended; `early` is called with the result after the line for which `isLast` is
     * true.
     * @throws NotStarted if the session has ended meanwhile; ConnectionError `broken`; the signal's reason if aborted
     */
    async run(program: Shell, options: RunOptions, early: (result: RunResult) => void): Promise<RunResult> {
        const { signal, answer } = options;
        const mark = randomBytes(8).toString("hex");
        const { header, text } = programInput(program, mark, answer !== undefined);
        const run = { ...this.outputsOf(mark, options, early), text, signal };
        const wasFresh = this.isFresh;
        this.isFresh = false;
        this.isRunning = true;
        if (answer !== undefined) this.isSpent = true;
        try {
            // Without a fresh session, waits for the answer to the header, since the connection may have broken silently.
            if (wasFresh) this.channel.input.write(header);
            else await this.ready(header, readyOf(mark), signal);
            return await this.result(run);
        } finally {
            this.isRunning = false;
            this.outputs = undefined;
        }
    }

    private listen(outputs: Outputs | undefined): void {
        this.outputs = outputs;
    }

    private outputsOf(mark: string, options: RunOptions, early: (result: RunResult) => void) {
        const errors = new MarkedOutput(beginOf(mark), doneOf(mark));
        const output = new MarkedOutput(beginOf(mark), doneOf(mark), (line) => {
            options.onLine?.(line);
            if (options.isLast?.(line)) early({ code: undefined, stdout: output.text, stderr: errors.text });
            // If there is no answer, the program gets the end of its input instead.
            options
                .answer?.(line)
                ?.then((answer) => (answer === undefined ? undefined : this.send(answer)))
                .catch(() => this.channel.input.end());
        });
        return { output, errors };
    }

    /** Sends the program, and resolves at the end of both outputs or of the channel. */
    private result({ output, errors, text, signal }: ProgramRun): Promise<RunResult> {
        const { channel } = this;
        return new Promise((resolve, reject) => {
            const stop = () => {
                signal?.removeEventListener("abort", abort);
                unsubscribe();
            };
            const abort = () => {
                stop();
                // The program runs to its end on the host; its result is no longer awaited.
                this.isSpent = true;
                channel.close();
                reject(signal?.reason);
            };
            const settle = () => {
                if (output.code === undefined || errors.code === undefined) return;
                stop();
                resolve({ code: output.code, stdout: output.text, stderr: errors.text });
            };
            const ended = () => {
                stop();
                if (!channel.end?.hasExited || !output.hasBegun)
                    return reject(broken(this.login, this.link.failure, output.hasBegun));
                errors.finish();
                output.finish();
                resolve({ code: channel.end.code, stdout: output.text, stderr: errors.text });
            };
            const add = (marked: MarkedOutput) => (received: string) => {
                marked.add(received);
                settle();
            };
            this.listen({ output: add(output), errors: add(errors) });
            signal?.addEventListener("abort", abort, { once: true });
            let unsubscribe = () => {};
            if (channel.end !== undefined) return ended();
            unsubscribe = channel.onEnd(ended);
            channel.input.write(text);
        });
    }

    /** Resolves when the reader has answered the header. */
    private async ready(header: string, expected: string, signal: AbortSignal | undefined): Promise<void> {
        let unsubscribe = () => {};
        const answered = new Promise<void>((resolve, reject) => {
            let received = "";
            this.listen({
                output: (text) => {
                    received += text;
                    if (received.includes(expected)) resolve();
                },
                errors: () => {},
            });
            unsubscribe = this.channel.onEnd(() => reject(new NotStarted("the session has ended")));
            this.channel.input.write(header);
        });
        try {
            await untilAborted(answered, signal);
        } catch (error) {
            // The reader may still wait for the program's text.
            this.isSpent = true;
            this.channel.close();
            throw error;
        } finally {
            unsubscribe();
        }
    }

    private async send(answer: Answer): Promise<void> {
        const { input } = this.channel;
        if (typeof answer === "string") {
            input.end(answer);
            return;
        }
        for await (const bytes of answer) {
            // A dead connection doesn't end the stream.
            if (this.channel.end !== undefined || !input.writable) return;
            if (!input.write(bytes)) await this.drained();
            if (this.channel.end !== undefined) return;
        }
        input.end();
    }

    private drained(): Promise<void> {
        const { input } = this.channel;
        return new Promise((resolve) => {
            const finish = () => {
                input.removeListener("drain", finish).removeListener("close", finish);
                unsubscribe();
                resolve();
            };
            let unsubscribe = () => {};
            input.once("drain", finish).once("close", finish);
            unsubscribe = this.channel.onEnd(finish);
        });
    }
}
