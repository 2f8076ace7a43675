import { type Shell, sh } from "../../host/shell";

const end = "#portable:end";

/** The user that the programs of a session run as. */
export interface Rights {
    /** Whether they run as root by sudo or doas; otherwise they run as the login user. */
    asRoot: boolean;
    /** The password for sudo; if undefined, sudo must not ask for one. */
    sudoPassword?: string;
    /** Whether sudo gets a terminal, which it needs if sudoers has `requiretty`, although it never reads from it. */
    hasTerminal?: boolean;
}

/**
 * Runs programs one after the other, each in its own shell. Reads a complete program before anything of it runs, and runs
 * nothing of an incomplete one. The braces make the shell parse all of it first. Standard input of its commands is empty; data
 * that the client sends after the program is on file descriptor 8. Markers, which only this client knows, separate its
 * outputs. A line of the client's probe is skipped. `head` isn't used, as sudo's secure_path may lack it.
 */
const reader = (token: string) =>
    'LC_ALL=C.UTF-8; export LC_ALL; PATH="${PATH:+$PATH:}/usr/bin:/bin"; ' +
    `echo "${token} ready"; while read -r bytes mark last; do case "$bytes" in echo) continue ;; esac; ` +
    'echo "$mark ready"; portable=$(head -c "$bytes"); ' +
    `case "$portable" in *"${end}") ;; *) exit 125 ;; esac; ` +
    'echo "$mark begin"; echo "$mark begin" >&2; (exec 8<&0; eval "$portable"); portable="$mark done $?"; echo "$portable"; echo "$portable" >&2; [ -z "$last" ] || exit; done';

/**
 * Passes the outputs of programs on to sshd, and goes on reading them when the client has disconnected (tee continues with
 * /dev/null when its standard output fails). Otherwise the next line of output would end the program, by SIGPIPE or by a failing
 * echo under set -e.
 */
const relay = (token: string) =>
    `trap "" HUP; echo "${token} shell"; ` +
    'LC_ALL=C.UTF-8; export LC_ALL; exec 3>&1 4>&2; r() { trap "" PIPE; exec tee /dev/null; }; ' +
    // A start-up file may have set a PATH without these.
    'PATH="${PATH:+$PATH:}/usr/bin:/bin"; ' +
    's=$({ { { ( "$@" ) 2>&6 3>&- 4>&- 5>&- 6>&-; echo $? >&5; } | r >&3 3>&- 4>&- 5>&- 6>&-; } 6>&1 | r >&4 3>&- 4>&- 5>&- 6>&-; } 5>&1); ' +
    "exit ${s:-255}";

/**
 * Becomes root by sudo, or by doas if there is no sudo. The password is sent over standard input once sudo has asked for it: sent
 * earlier, it would be taken for a program.
 */
const become = (sudoOptions: string) =>
    `if command -v sudo >/dev/null 2>&1; then exec sudo ${sudoOptions} -- /bin/sh -c "$1"; ` +
    'elif command -v doas >/dev/null 2>&1; then exec doas -n -- /bin/sh -c "$1"; ' +
    'else echo "sudo: not found" >&2; exit 127; fi';

/**
 * Becomes root by sudo with a terminal that script(1) makes. Standard input and outputs bypass the terminal, which would change
 * bytes and mix the outputs. Without script(1) sudo reports the missing terminal again.
 */
const becomeInTerminal = (sudoOptions: string) =>
    "portable=$1; SHELL=/bin/sh; export portable SHELL; command -v script >/dev/null 2>&1 && " +
    sh`exec script -qec ${`exec sudo ${sudoOptions} -- /bin/sh -c "$portable" <&3 3<&- >&4 4>&- 2>&5 5>&-`}`.text +
    ` /dev/null 3<&0 4>&1 5>&2 </dev/null >/dev/null 2>&1; exec sudo ${sudoOptions} -- /bin/sh -c "$1"`;

/** The command line of a session, which has nothing of a program in it. It is one line, for any login shell. */
export function commandLine(token: string, rights: Rights): string {
    const options = rights.sudoPassword === undefined ? "-n" : `-S -p "${promptOf(token)}"`;
    const start = rights.asRoot
        ? ["/bin/sh", "-c", (rights.hasTerminal ? becomeInTerminal : become)(options), "portable", reader(token)]
        : ["eval", reader(token)];
    return sh`exec /bin/sh -c ${relay(token)} portable ${start}`.text;
}

/**
 * The standard input for a program: the reader answers the header, and runs the text. After a program with `isLast` it exits, so
 * that input that the program didn't read is never taken for the next program.
 */
export function programInput(program: Shell, mark: string, isLast = false): { header: string; text: string } {
    const text = `{ :\n${program.text}\n} </dev/null\n${end}`;
    return { header: `${Buffer.byteLength(text)} ${mark}${isLast ? " last" : ""}\n`, text };
}

/** Line on standard output when the login shell has started /bin/sh. */
export const shellOf = (token: string) => `${token} shell\n`;

/** sudo's prompt for the password, on standard error. */
export const promptOf = (token: string) => `${token} password:`;

/** A command that another shell, which reads commands from standard input, would run. */
export const probeOf = (token: string) => `echo "${token} probed"\n`;
export const probedOf = (token: string) => `${token} probed\n`;

/** Line on standard output when the session is ready for programs, or, with a program's marker, when its header was read. */
export const readyOf = (mark: string) => `${mark} ready\n`;

/** Line before the output of the program, on both outputs. */
export const beginOf = (mark: string) => `${mark} begin\n`;

/**
 * Marker at the end of both outputs, followed by the exit status. The program's output may end on the same line.
 */
export const doneOf = (mark: string) => `${mark} done `;
