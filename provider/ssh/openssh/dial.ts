import { spawn } from "node:child_process";
import { childEnvironment } from "../../environment";
import { ConnectionError } from "../link/connection-error";
import type { Link } from "../link/link";
import type { Login } from "../login/login";
import { withRetries } from "../login/retries";
import { unreachable } from "../login/unreachable";
import { askpassEnvironment, sshArguments } from "./arguments";
import { explain } from "./explain";
import { OpenSshLink } from "./openssh-link";
import { PrivateFiles } from "./private-files";
import { quickAlgorithms } from "./quick-algorithms";
import { SshLog } from "./ssh-log";

/** Time limit of the login, which may wait for a person: sshd's default LoginGraceTime. */
const LOGIN_MS = 120_000;
/** A login that takes longer than this probably waits for a person, so a status message says so. */
const LOGIN_STATUS_MS = 2_000;

/**
 * Runs ssh, and ends it when standard input ends, which happens at the latest when this process has exited or was killed. Then
 * removes its private directory ($1). ssh has no terminal, so it can't prompt there.
 */
const KEEPER = `trap '' HUP INT
directory=$1; shift
"$@" </dev/null &
echo $! >"$directory/pid"
exec >/dev/null 2>&1
read -r end
kill $!
rm -rf -- "$directory"`;

interface DialOptions {
    signal: AbortSignal;
    status: (text: string) => void;
    isOnlyLogin?: boolean;
}

/**
 * Logs in with the OpenSSH client, which keeps the connection open behind a private control socket.
 * @throws ConnectionError; the signal's reason when aborted
 */
export function dialOpenSsh(login: Login, options: DialOptions): Promise<Link> {
    return withRetries(login, options, () => dialOnce(login, options));
}

async function dialOnce(login: Login, { signal, status, isOnlyLogin }: DialOptions): Promise<Link> {
    const { files, args } = await prepare(login, quickAlgorithms(login, isOnlyLogin));
    const log = new SshLog();
    const keeper = startKeeper(files, ["ssh", ...args], askpassEnvironment(login, files));
    const close = () => keeper.stdin.end();
    keeper.stderr.setEncoding("utf8").on("data", (text: string) => log.add(text));
    keeper.stderr.on("close", () => {
        log.end();
        close();
    });
    keeper.on("error", () => log.end());
    keeper.stdin.on("error", () => {});
    try {
        await loggedIn(login, log, { signal, status });
        await files.removeSecrets();
        return new OpenSshLink(files, log, close);
    } catch (error) {
        close();
        throw error;
    }
}

/** Writes the files, and returns the arguments of a master that opens no session. */
async function prepare(login: Login, options: string[]): Promise<{ files: PrivateFiles; args: string[] }> {
    const files = await PrivateFiles.make(login);
    try {
        const { route } = login;
        const through = route.kind === "jump" && route.isGiven ? route.through : undefined;
        const jump = through && { login: through, files: await files.nested(through) };
        // With `-v`, the ssh of a ProxyJump would be verbose, too, and mix its lines with these.
        const master = ["-o", "LogLevel=DEBUG1", "-N", "-o", "ControlMaster=yes", "-o", "ControlPersist=no"];
        const path = ["-o", `ControlPath="${files.controlPath.replaceAll("%", "%%")}"`];
        return { files, args: [...master, ...path, ...options, ...sshArguments(login, files, jump)] };
    } catch (error) {
        await files.remove();
        throw error;
    }
}

function startKeeper(files: PrivateFiles, command: string[], environment: Record<string, string>) {
    return spawn("/bin/sh", ["-c", KEEPER, "portable", files.directory, ...command], {
        // A separate session has no terminal, and doesn't get the terminal's signals to this process.
        detached: true,
        env: childEnvironment(environment),
        stdio: ["pipe", "ignore", "pipe"],
    });
}

function loggedIn(login: Login, log: SshLog, { signal, status }: DialOptions): Promise<void> {
    return new Promise((resolve, reject) => {
        const seconds = login.dialTimeoutSeconds;
        const silent = () => settle(() => reject(unreachable(login, `no answer within ${seconds} s`, true)));
        let timer = seconds === 0 ? undefined : setTimeout(silent, seconds * 1000);
        let statusTimer: NodeJS.Timeout | undefined;
        const settle = (then: () => void) => {
            clearTimeout(timer);
            clearTimeout(statusTimer);
            unsubscribe();
            signal.removeEventListener("abort", abort);
            then();
        };
        const abort = () => settle(() => reject(signal.reason));
        const loggingIn = () => {
            clearTimeout(timer);
            timer = setTimeout(() => settle(() => reject(notApproved(login))), LOGIN_MS);
            const text = `waiting for ${login.address} to accept the login: an agent or security key may want your approval`;
            statusTimer = setTimeout(() => status(text), LOGIN_STATUS_MS);
        };
        let isLoggingIn = false;
        const unsubscribe = log.onLine(() => {
            if (log.stage === "ready") settle(resolve);
            else if (log.stage === "ended") settle(() => reject(explain(login, log)));
            else if (log.stage === "loggingIn" && !isLoggingIn) {
                isLoggingIn = true;
                loggingIn();
            }
        });
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort, { once: true });
    });
}

function notApproved(login: Login): ConnectionError {
    return new ConnectionError("login", {
        what: `${login.address}:${login.port} didn't accept the login within ${LOGIN_MS / 1000} s`,
        todo: "Approve the request in the agent or touch the security key, and run pulumi up again",
    });
}
