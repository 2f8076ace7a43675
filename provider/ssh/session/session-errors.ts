import { ConnectionError } from "../link/connection-error";
import { type Login, loginText } from "../login/login";
import type { Rights } from "./runner";

export interface NotBegun {
    /**
     * The stage at which the session failed:
     * - `shell`: the login shell ended without running /bin/sh
     * - `replaced`: a start-up file of the login shell started another shell
     * - `silent`: the login shell neither ended nor answered
     * - `sudo`: /bin/sh ran, but sudo didn't start the reader
     * - `password`: sudo asked for its password again
     */
    reason: "shell" | "replaced" | "silent" | "sudo" | "password";
    code: number | undefined;
    rights: Rights;
    reported: string;
}

/** The error for a session that isn't ready for programs; nothing was run. */
export function notBegun(login: Login, { reason, code, rights, reported }: NotBegun): ConnectionError {
    switch (reason) {
        case "password":
            return sudoError("connection.sudoPassword", {
                what: `sudo doesn't accept connection.sudoPassword for ${loginText(login)}`,
                reported,
                todo: "Set the password that sudo asks for there: the login's own, unless sudoers has rootpw or targetpw",
            });
        case "sudo":
            return noSudo(login, code, rights, reported);
        default:
            return noShell(login, reason, code, reported);
    }
}

function noShell(
    login: Login,
    reason: NotBegun["reason"],
    code: number | undefined,
    reported: string,
): ConnectionError {
    const account = loginText(login);
    if (reason === "replaced")
        return new ConnectionError("login", {
            what: `the login shell of ${account} starts another shell in place of the command it is given; nothing was run`,
            reported,
            todo: "Remove the `exec` from its start-up files there (.bashrc, .zshenv, .cshrc, config.fish), or make it depend on an interactive shell",
        });
    if (reason === "silent")
        return new ConnectionError("login", {
            what: `the login shell of ${account} didn't run a command within 20 s; nothing was run`,
            reported,
            todo: "Try it by hand (ssh HOST true), and check its start-up files, its login shell and ForceCommand in sshd_config",
        });
    if (/not available|nologin|disabled/i.test(reported))
        return new ConnectionError("login", {
            what: `${account} can log in, but its login shell lets it run nothing (nologin)`,
            reported,
            todo: "Give the account a shell there (chsh -s /bin/sh USER), or log in as another user",
        });
    if (/restricted/i.test(reported))
        return new ConnectionError("login", {
            what: `${account} can log in, but its login shell is a restricted one, which can't run /bin/sh`,
            reported,
            todo: "Give the account a shell without restrictions there (chsh -s /bin/sh USER), or log in as another user",
        });
    return new ConnectionError("login", {
        what: `${account} can log in, but not run /bin/sh (exit status ${code ?? "unknown"})`,
        reported,
        todo: "Check its login shell, the start-up files of it, and ForceCommand in sshd_config",
    });
}

function noSudo(login: Login, code: number | undefined, rights: Rights, reported: string): ConnectionError {
    const account = loginText(login);
    if (!rights.asRoot)
        return new ConnectionError("login", {
            what: `/bin/sh of ${account} ended before the first program (exit status ${code ?? "unknown"})`,
            reported,
            todo: "Try it by hand (ssh HOST /bin/sh), and check its limits and the room on its disks",
        });
    const doas = /^doas:/m.test(reported);
    const tool = doas ? "doas" : "sudo";
    const rule = doas ? `permit nopass ${login.user}` : `${login.user} ALL=(ALL) NOPASSWD: ALL`;
    const file = doas ? "/etc/doas.conf" : "a file of /etc/sudoers.d";
    const todo = `Put "${rule}" into ${file} there, ${doas ? "" : "or give connection.sudoPassword, "}or log in as root`;
    if (code === 127 || /sudo: (command )?not found/.test(reported))
        return new ConnectionError("sudo", {
            what: `${account} needs sudo or doas, and neither is installed there`,
            reported,
            todo: "Install sudo, or log in as root",
        });
    if (/must have a tty|no tty present|a terminal is required/.test(reported) && !/password/.test(reported))
        return new SudoNeedsTerminal(login, reported);
    // A line of our own shell, and none of sudo's.
    if (/^portable: /m.test(reported) && !/^(sudo|doas): /m.test(reported))
        return new ConnectionError("login", {
            what: `/bin/sh of ${account} couldn't start ${tool} (${code === undefined ? "no answer within 20 s" : `exit status ${code}`})`,
            reported,
            todo: "Try it by hand (ssh HOST /bin/sh), and check the start-up files and limits (ulimit -a) of the account",
        });
    const what = /password|[Aa]uthentication (required|fail)/.test(reported)
        ? `${account} would need a password for ${tool}`
        : /not (in the sudoers|allowed|permitted)|may not run/.test(reported)
          ? `${account} may not use ${tool}`
          : `${tool} doesn't run /bin/sh for ${account} (${code === undefined ? "no answer within 20 s" : `exit status ${code}`})`;
    return sudoError("connection.user", { what, reported, todo });
}

/** sudo refuses a session without a terminal. Nothing was run. */
export class SudoNeedsTerminal extends ConnectionError {
    constructor(login: Login, reported: string) {
        super("sudo", {
            property: "connection.user",
            what: `sudo runs for ${loginText(login)} only from a terminal (requiretty), and there is no script(1) there to make one`,
            reported,
            todo: `Put "Defaults:${login.user} !requiretty" into a file of /etc/sudoers.d there, install script(1), or log in as root`,
        });
    }
}

function sudoError(property: string, problem: { what: string; reported: string; todo: string }): ConnectionError {
    return new ConnectionError("sudo", { property, ...problem });
}

/** The error for a connection that ended while a program was running. */
export function broken(login: Login, failure: Error | undefined, hasBegun: boolean): ConnectionError {
    const result = hasBegun
        ? "it runs to its end there, but its result is unknown"
        : "whether it ran, and its result, are unknown";
    return new ConnectionError("broken", {
        what: `the connection to ${login.address}:${login.port} broke while a program ran there: ${result}`,
        reported: failure?.message,
        todo: "Run pulumi up again: it inspects the host first",
    });
}
