import { randomBytes } from "node:crypto";
import type { ClientChannel } from "ssh2";
import type { Answer, RunResult } from "../host/host";
import type { Shell } from "../host/shell";
import { untilAborted } from "./aborting";
import { ConnectionError } from "./connection-error";
import type { Link } from "./dial";
import { type Login, loginText } from "./login";
import { beginOf, commandLine, doneOf, programInput, readyOf } from "./runner";

/** The session wasn't opened, so nothing was sent. */
export class NotStarted extends Error {
    override readonly name = "NotStarted";
}

export interface RunOptions {
    signal?: AbortSignal;
    onLine?: (line: string) => void;
    isLast?: (line: string) => boolean;
    answer?: (line: string) => Promise<Answer | undefined> | undefined;
}

/** A shell on the host, over an open connection: runs one program after another. */
export class Session {
    private ended: { code: number | undefined } | undefined;
    private isClosed = false;
    private isRunning = false;
    /** It takes no program after this one. */
    isSpent = false;
    /** Opened for the program that comes now. */
    isFresh = true;
    /** What was printed before the first program: by a login shell, or by sudo. */
    private first = { stdout: "", stderr: "" };
    /** Of the run under way; what comes between two is nobody's. */
    private stdout: ((text: string) => void) | undefined = (text) => {
        this.first.stdout += text;
    };
    private stderr: ((text: string) => void) | undefined = (text) => {
        this.first.stderr += text;
    };

    private constructor(
        readonly link: Link,
        private readonly login: Login,
        readonly sudo: boolean,
        private readonly channel: ClientChannel,
    ) {
        channel.setEncoding("utf8").on("data", (text: string) => this.stdout?.(text));
        channel.stderr.setEncoding("utf8").on("data", (text: string) => this.stderr?.(text));
        // A host that goes away while a program is sent shows at the close
        channel.on("error", () => {});
        channel.on("exit", (code: number | null) => {
            this.ended = { code: code ?? undefined };
        });
        channel.once("close", () => {
            this.isClosed = true;
        });
    }

    /** @throws NotStarted; the signal's reason when aborted */
    static async open(link: Link, login: Login, sudo: boolean, signal?: AbortSignal): Promise<Session> {
        // Made at once: what a session says may come with the answer that it is open
        const opened = openChannel(link, commandLine(sudo), (channel) => new Session(link, login, sudo, channel));
        return await untilAborted(opened, signal, (late) => late.close());
    }

    /** Whether it can take a program. */
    get isFree(): boolean {
        return !this.isClosed && !this.isSpent && !this.isRunning && this.link.open;
    }

    close(): void {
        this.channel.end();
    }

    /**
     * Runs a program. The promise is settled when it has ended; `early` hears of the answer at the line that is its last.
     * @throws NotStarted where the session has ended meanwhile; ConnectionError `sudo`, `login` or `broken`; the signal's
     * reason when aborted
     */
    async run(program: Shell, options: RunOptions, early: (result: RunResult) => void): Promise<RunResult> {
        const { signal, answer } = options;
        const { channel } = this;
        const mark = randomBytes(8).toString("hex");
        const { header, text } = programInput(program, mark, answer !== undefined);
        const errors = new MarkedOutput(undefined, doneOf(mark));
        const output = new MarkedOutput(beginOf(mark), doneOf(mark), (line) => {
            options.onLine?.(line);
            if (options.isLast?.(line)) early({ code: undefined, stdout: output.text, stderr: errors.text });
            // An answer that can't be given is none: the program sees the end of its input
            answer?.(line)
                ?.then((given) => (given === undefined ? undefined : this.send(given)))
                .catch(() => channel.end());
        });
        const wasFresh = this.isFresh;
        this.isFresh = false;
        this.isRunning = true;
        if (answer !== undefined) this.isSpent = true;
        try {
            // A connection may have broken since without a word: then nothing of the program was sent
            if (wasFresh) channel.write(header);
            else await this.ready(header, readyOf(mark), signal);
            return await new Promise((resolve, reject) => {
                const abort = () => {
                    stop();
                    // The program goes on to its end on the host; only its answer isn't waited for
                    this.isSpent = true;
                    channel.close();
                    reject(signal?.reason);
                };
                const closed = () => {
                    stop();
                    errors.finish();
                    const { ended } = this;
                    if (ended === undefined || (!output.begun && !wasFresh))
                        reject(broken(this.login, this.link.failure, output.begun));
                    else if (!output.begun)
                        reject(notBegun(this.login, this.sudo, ended.code, errors.text || output.noise));
                    else {
                        output.finish();
                        resolve({ code: ended.code, stdout: output.text, stderr: errors.text });
                    }
                };
                const stop = () => {
                    signal?.removeEventListener("abort", abort);
                    channel.removeListener("close", closed);
                };
                const settle = () => {
                    if (output.code === undefined || errors.code === undefined) return;
                    stop();
                    resolve({ code: output.code, stdout: output.text, stderr: errors.text });
                };
                this.stdout = (text) => {
                    output.add(text);
                    settle();
                };
                this.stderr = (text) => {
                    errors.add(text);
                    settle();
                };
                this.stdout(this.first.stdout);
                this.stderr(this.first.stderr);
                this.first = { stdout: "", stderr: "" };
                if (this.isClosed) return closed();
                signal?.addEventListener("abort", abort, { once: true });
                channel.once("close", closed);
                channel.write(text);
            });
        } finally {
            this.isRunning = false;
            this.stdout = this.stderr = undefined;
        }
    }

    private async ready(header: string, answer: string, signal: AbortSignal | undefined): Promise<void> {
        let ended = () => {};
        const answered = new Promise<void>((resolve, reject) => {
            ended = () => reject(new NotStarted("the session has ended"));
            if (this.isClosed) return ended();
            this.channel.once("close", ended);
            let said = "";
            this.stdout = (text) => {
                said += text;
                if (said.includes(answer)) resolve();
            };
            this.channel.write(header);
        });
        try {
            await untilAborted(answered, signal);
        } catch (error) {
            // It may wait for the program now
            this.isSpent = true;
            this.channel.close();
            throw error;
        } finally {
            this.channel.removeListener("close", ended);
        }
    }

    private async send(given: Answer): Promise<void> {
        if (typeof given === "string") {
            this.channel.end(given);
            return;
        }
        for await (const bytes of given) {
            // A connection that has died doesn't end the channel's stream
            if (this.isClosed || !this.channel.writable) return;
            if (!this.channel.write(bytes)) await this.drained();
            if (this.isClosed) return;
        }
        this.channel.end();
    }

    private drained(): Promise<void> {
        const { channel } = this;
        return new Promise((resolve) => {
            const go = () => {
                channel.removeListener("drain", go).removeListener("close", go);
                resolve();
            };
            channel.once("drain", go).once("close", go);
        });
    }
}

function openChannel<T>(link: Link, command: string, use: (channel: ClientChannel) => T): Promise<T> {
    return new Promise((resolve, reject) => {
        const refused = (error: Error) => reject(new NotStarted(error.message));
        try {
            link.client.exec(command, (error, channel) => (error ? refused(error) : resolve(use(channel))));
        } catch (error) {
            // ssh2 throws "Not connected" where the socket has ended already
            refused(error as Error);
        }
    });
}

/** Output of one program: after the line that says that it has begun, and up to the mark at its end. */
class MarkedOutput {
    begun: boolean;
    /** What a login shell prints before it. */
    noise = "";
    text = "";
    /** Exit status, once its end was there. */
    code: number | undefined;
    private line = "";

    constructor(
        private readonly begin: string | undefined,
        private readonly done: string,
        private readonly onLine: (line: string) => void = () => {},
    ) {
        this.begun = begin === undefined;
    }

    add(text: string): void {
        if (this.begin === undefined || this.begun) {
            this.take(text);
            return;
        }
        this.noise += text;
        const at = this.noise.indexOf(this.begin);
        if (at < 0) return;
        this.begun = true;
        this.take(this.noise.slice(at + this.begin.length));
    }

    /** Where it ended without the mark. */
    finish(): void {
        this.text += this.line;
        if (this.line !== "") this.onLine(this.line);
        this.line = "";
    }

    private take(text: string): void {
        const lines = (this.line + text).split("\n");
        this.line = lines.pop() ?? "";
        for (const line of lines) {
            if (this.code !== undefined) return;
            const at = line.lastIndexOf(this.done);
            if (at >= 0) {
                this.line = line.slice(0, at);
                this.finish();
                this.code = Number(line.slice(at + this.done.length));
                return;
            }
            this.text += `${line}\n`;
            this.onLine(line);
        }
    }
}

function broken(login: Login, failure: Error | undefined, hasBegun: boolean): ConnectionError {
    return new ConnectionError("broken", {
        what: `the connection to ${login.address}:${login.port} broke while a program ran there: ${
            hasBegun
                ? "it runs on to its end there, but its result is unknown"
                : "whether it ran, and its result, are unknown"
        }`,
        said: failure?.message,
        todo: "Run pulumi up again: it looks at the host first",
    });
}

function notBegun(login: Login, sudo: boolean, code: number | undefined, said: string): ConnectionError {
    const account = loginText(login);
    if (!sudo) {
        return new ConnectionError("login", {
            what: `${account} can log in, but not run /bin/sh (exit status ${code ?? "unknown"})`,
            said,
            todo: "Look at its login shell and at ForceCommand in sshd_config",
        });
    }
    const rule = `${login.user} ALL=(ALL) NOPASSWD: ALL`;
    const todo = `Put "${rule}" into a file of /etc/sudoers.d there, or log in as root`;
    if (code === 127 || /sudo: (command )?not found/.test(said)) {
        return new ConnectionError("sudo", {
            what: `${account} needs sudo, and it isn't installed there`,
            said,
            todo: "Install sudo, or log in as root",
        });
    }
    const what = /password/.test(said)
        ? `${account} would need a password for sudo`
        : /not (in the sudoers|allowed)|may not run/.test(said)
          ? `${account} may not use sudo`
          : `sudo doesn't run /bin/sh for ${account} (exit status ${code ?? "unknown"})`;
    return new ConnectionError("sudo", { property: "connection.user", what, said, todo });
}
