import { type Shell, sh } from "../../host/shell";

const end = "#portable:end";

/** As whom the programs of a session run. */
export interface Rights {
    /** Whether they run as root through sudo or doas; otherwise as the login. */
    asRoot: boolean;
    /** What sudo asks for; without it, sudo must ask for nothing. */
    sudoPassword?: string;
    /** Whether sudo gets a terminal, which it never reads from: it asks for one where sudoers has `requiretty`. */
    hasTerminal?: boolean;
}

/**
 * Runs one program after another, each in a shell of its own. Reads the whole program before anything of it runs, and
 * runs nothing of one that was cut off. The braces make the shell parse all of it first; standard input of its commands
 * is empty. What the client sends after the program is on file descriptor 8. The marks, which only this client knows,
 * say where its outputs begin and end. A line of the client's probe is skipped. sudo's secure_path may lack `head`.
 */
const reader = (token: string) =>
    'LC_ALL=C.UTF-8; export LC_ALL; PATH="${PATH:+$PATH:}/usr/bin:/bin"; ' +
    `echo "${token} ready"; while read -r bytes mark last; do case "$bytes" in echo) continue ;; esac; ` +
    'echo "$mark ready"; portable=$(head -c "$bytes"); ' +
    `case "$portable" in *"${end}") ;; *) exit 125 ;; esac; ` +
    'echo "$mark begin"; echo "$mark begin" >&2; (exec 8<&0; eval "$portable"); portable="$mark done $?"; echo "$portable"; echo "$portable" >&2; [ -z "$last" ] || exit; done';

/**
 * Stands between the programs and sshd, so that a program runs to its end when the client is gone: output that nobody
 * takes any more is read on and dropped (tee goes on with /dev/null when its standard output fails). Without it the next
 * line of output would end the program in the middle, by SIGPIPE or by a failing echo under set -e.
 */
const relay = (token: string) =>
    `trap "" HUP; echo "${token} shell"; ` +
    'LC_ALL=C.UTF-8; export LC_ALL; exec 3>&1 4>&2; r() { trap "" PIPE; exec tee /dev/null; }; ' +
    // A start-up file may have set a PATH without these.
    'PATH="${PATH:+$PATH:}/usr/bin:/bin"; ' +
    's=$({ { { ( "$@" ) 2>&6 3>&- 4>&- 5>&- 6>&-; echo $? >&5; } | r >&3 3>&- 4>&- 5>&- 6>&-; } 6>&1 | r >&4 3>&- 4>&- 5>&- 6>&-; } 5>&1); ' +
    "exit ${s:-255}";

/**
 * Becomes root through sudo, or through doas where there is no sudo. A password comes over standard input, once sudo has
 * asked for it: a line that nobody asked for would be taken for a program.
 */
const become = (sudoOptions: string) =>
    `if command -v sudo >/dev/null 2>&1; then exec sudo ${sudoOptions} -- /bin/sh -c "$1"; ` +
    'elif command -v doas >/dev/null 2>&1; then exec doas -n -- /bin/sh -c "$1"; ' +
    'else echo "sudo: not found" >&2; exit 127; fi';

/**
 * The same through sudo with a terminal that script(1) makes. Standard input and both outputs stay as they are: a terminal
 * would change the bytes and mix the outputs. Without script(1) sudo says again what it lacks.
 */
const becomeInTerminal = (sudoOptions: string) =>
    "portable=$1; SHELL=/bin/sh; export portable SHELL; command -v script >/dev/null 2>&1 && " +
    sh`exec script -qec ${`exec sudo ${sudoOptions} -- /bin/sh -c "$portable" <&3 3<&- >&4 4>&- 2>&5 5>&-`}`.text +
    ` /dev/null 3<&0 4>&1 5>&2 </dev/null >/dev/null 2>&1; exec sudo ${sudoOptions} -- /bin/sh -c "$1"`;

/** The command line of a session, with nothing of a program in it. One line, for any login shell. */
export function commandLine(token: string, rights: Rights): string {
    const options = rights.sudoPassword === undefined ? "-n" : `-S -p "${promptOf(token)}"`;
    const start = rights.asRoot
        ? ["/bin/sh", "-c", (rights.hasTerminal ? becomeInTerminal : become)(options), "portable", reader(token)]
        : ["eval", reader(token)];
    return sh`exec /bin/sh -c ${relay(token)} portable ${start}`.text;
}

/**
 * What goes over standard input for a program: the runner answers the header, and runs the text. After the last one it
 * ends: what was sent to a program that has ended before it was read is never taken for the next.
 */
export function programInput(program: Shell, mark: string, isLast = false): { header: string; text: string } {
    const text = `{ :\n${program.text}\n} </dev/null\n${end}`;
    return { header: `${Buffer.byteLength(text)} ${mark}${isLast ? " last" : ""}\n`, text };
}

/** A line of standard output: the login shell has started /bin/sh. */
export const shellOf = (token: string) => `${token} shell\n`;

/** What sudo asks for its password with, on standard error. */
export const promptOf = (token: string) => `${token} password:`;

/** Makes a shell that was started in place of ours, and reads its commands from standard input, show itself. */
export const probeOf = (token: string) => `echo "${token} probed"\n`;
export const probedOf = (token: string) => `${token} probed\n`;

/** A line of standard output: the session takes programs; or, for the mark of a program, its header was read. */
export const readyOf = (mark: string) => `${mark} ready\n`;

/** The line before the output of the program, on both outputs. */
export const beginOf = (mark: string) => `${mark} begin\n`;

/**
 * What comes at the end of both outputs, on the last line, which may have text of the program before it; then the exit
 * status.
 */
export const doneOf = (mark: string) => `${mark} done `;
