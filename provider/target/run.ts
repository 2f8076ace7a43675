import { once } from "node:events";
import type { ClientChannel } from "ssh2";
import { type Shell, sh } from "../shell";
import { untilAborted } from "./aborting";
import { ConnectionError } from "./connection-error";
import type { Link } from "./dial";
import { type Login, loginText } from "./login";
import type { Answer, RunResult } from "./target";

const begun = "portable:begin\n";
const end = "#portable:end";

/**
 * Reads the whole program before anything of it runs, and runs nothing of a program that was cut off. The braces make
 * the shell parse all of it first; standard input of its commands is empty. What the client sends after the program is
 * on file descriptor 8.
 */
function reader(bytes: number): string {
    return `LC_ALL=C.UTF-8; export LC_ALL; portable=$(head -c ${bytes}); case "$portable" in *"${end}") ;; *) exit 125 ;; esac; echo ${begun.trim()}; exec 8<&0; eval "$portable"`;
}

/**
 * Stands between the program and sshd, so that the program runs to its end when the client is gone: output that nobody
 * takes any more is read on and dropped (tee goes on with /dev/null when its standard output fails). Without it the next
 * line of output would end the program in the middle, by SIGPIPE or by a failing echo under set -e.
 */
const relay =
    'trap "" HUP; LC_ALL=C.UTF-8; export LC_ALL; exec 3>&1 4>&2; r() { trap "" PIPE; exec tee /dev/null; }; ' +
    's=$({ { { ( "$@" ) 2>&6 3>&- 4>&- 5>&- 6>&-; echo $? >&5; } | r >&3 3>&- 4>&- 5>&- 6>&-; } 6>&1 | r >&4 3>&- 4>&- 5>&- 6>&-; } 5>&1); ' +
    "exit ${s:-255}";

/** The command line of a run: of the program only its length is in it. One line, for any login shell. */
export function commandLine(sudo: boolean, input: string): string {
    const read = reader(Buffer.byteLength(input));
    const start = sudo ? ["sudo", "-n", "--", "/bin/sh", "-c", read] : ["eval", read];
    return sh`exec /bin/sh -c ${relay} portable ${start}`.text;
}

/** What goes over standard input. */
export function programInput(program: Shell): string {
    return `{ :\n${program.text}\n} </dev/null\n${end}`;
}

/** The session wasn't opened, so nothing was sent. */
export class NotStarted extends Error {
    override readonly name = "NotStarted";
}

export interface RunOptions {
    sudo: boolean;
    signal?: AbortSignal;
    onLine?: (line: string) => void;
    isLast?: (line: string) => boolean;
    answer?: (line: string) => Promise<Answer | undefined> | undefined;
}

/**
 * Runs a program over an open connection. The promise is settled when its session has ended; `early` hears of the
 * answer at the line that is its last.
 * @throws NotStarted, ConnectionError `sudo`, `login` or `broken`; the signal's reason when aborted
 */
export async function runProgram(
    link: Link,
    login: Login,
    program: Shell,
    options: RunOptions,
    early: (result: RunResult) => void,
): Promise<RunResult> {
    const input = programInput(program);
    const { signal, answer } = options;
    let stderr = "";
    const session = openSession(link, commandLine(options.sudo, input));
    const channel = await untilAborted(session, signal, (late) => late.close());
    const output = new ProgramOutput((line) => {
        options.onLine?.(line);
        if (options.isLast?.(line)) early({ code: undefined, stdout: output.text, stderr });
        // An answer that can't be given is none: the program sees the end of its input
        answer?.(line)
            ?.then((given) => (given === undefined ? undefined : send(channel, given)))
            .catch(() => channel.end());
    });
    return await new Promise((resolve, reject) => {
        let ended: { code: number | undefined } | undefined;
        const abort = () => {
            // The program goes on to its end on the host; only its answer isn't waited for
            channel.close();
            reject(signal?.reason);
        };
        signal?.addEventListener("abort", abort, { once: true });
        channel.setEncoding("utf8").on("data", (text: string) => output.add(text));
        channel.stderr.setEncoding("utf8").on("data", (text: string) => {
            stderr += text;
        });
        // A host that goes away while the program is sent shows at the close
        channel.on("error", () => {});
        channel.on("exit", (code: number | null) => {
            ended = { code: code ?? undefined };
        });
        channel.on("close", () => {
            signal?.removeEventListener("abort", abort);
            if (ended === undefined) return reject(broken(login, link.failure, output.begun));
            if (!output.begun) return reject(notBegun(login, options.sudo, ended.code, stderr || output.noise));
            output.finish();
            resolve({ code: ended.code, stdout: output.text, stderr });
        });
        if (answer === undefined) channel.end(input);
        else channel.write(input);
    });
}

async function send(channel: ClientChannel, given: Answer): Promise<void> {
    if (typeof given === "string") return void channel.end(given);
    const closed = once(channel, "close");
    for await (const bytes of given) {
        if (!channel.writable) return;
        if (!channel.write(bytes)) await Promise.race([once(channel, "drain"), closed]);
    }
    channel.end();
}

function openSession(link: Link, command: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
        const refused = (error: Error) => reject(new NotStarted(error.message));
        try {
            link.client.exec(command, (error, channel) => (error ? refused(error) : resolve(channel)));
        } catch (error) {
            // ssh2 throws "Not connected" where the socket has ended already
            refused(error as Error);
        }
    });
}

/** Standard output, from the line on that says the program has begun: a login shell may print before it. */
class ProgramOutput {
    begun = false;
    noise = "";
    text = "";
    private line = "";

    constructor(private readonly onLine: (line: string) => void) {}

    add(text: string): void {
        if (this.begun) {
            this.take(text);
            return;
        }
        this.noise += text;
        const at = this.noise.indexOf(begun);
        if (at < 0) return;
        this.begun = true;
        this.take(this.noise.slice(at + begun.length));
    }

    finish(): void {
        if (this.line !== "") this.onLine(this.line);
    }

    private take(text: string): void {
        this.text += text;
        const lines = (this.line + text).split("\n");
        this.line = lines.pop() ?? "";
        for (const line of lines) this.onLine(line);
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
