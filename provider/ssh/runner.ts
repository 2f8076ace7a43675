import { type Shell, sh } from "../host/shell";

const end = "#portable:end";

/**
 * Runs one program after another, each in a shell of its own. Reads the whole program before anything of it runs, and
 * runs nothing of one that was cut off. The braces make the shell parse all of it first; standard input of its commands is
 * empty. What the client sends after the program is on file descriptor 8. The marks, which only this client knows, are
 * where its outputs begin and end.
 */
const reader =
    'LC_ALL=C.UTF-8; export LC_ALL; while read -r bytes mark last; do echo "$mark ready"; portable=$(head -c "$bytes"); ' +
    `case "$portable" in *"${end}") ;; *) exit 125 ;; esac; ` +
    'echo "$mark begin"; (exec 8<&0; eval "$portable"); portable="$mark done $?"; echo "$portable"; echo "$portable" >&2; [ -z "$last" ] || exit; done';

/**
 * Stands between the programs and sshd, so that a program runs to its end when the client is gone: output that nobody
 * takes any more is read on and dropped (tee goes on with /dev/null when its standard output fails). Without it the next
 * line of output would end the program in the middle, by SIGPIPE or by a failing echo under set -e.
 */
const relay =
    'trap "" HUP; LC_ALL=C.UTF-8; export LC_ALL; exec 3>&1 4>&2; r() { trap "" PIPE; exec tee /dev/null; }; ' +
    's=$({ { { ( "$@" ) 2>&6 3>&- 4>&- 5>&- 6>&-; echo $? >&5; } | r >&3 3>&- 4>&- 5>&- 6>&-; } 6>&1 | r >&4 3>&- 4>&- 5>&- 6>&-; } 5>&1); ' +
    "exit ${s:-255}";

/** The command line of a session, with nothing of a program in it. One line, for any login shell. */
export function commandLine(sudo: boolean): string {
    const start = sudo ? ["sudo", "-n", "--", "/bin/sh", "-c", reader] : ["eval", reader];
    return sh`exec /bin/sh -c ${relay} portable ${start}`.text;
}

/**
 * What goes over standard input for a program: the runner answers the header, and runs the text. After the last one it
 * ends: what was sent to a program that has ended before it was read is never taken for the next.
 */
export function programInput(program: Shell, mark: string, isLast = false): { header: string; text: string } {
    const text = `{ :\n${program.text}\n} </dev/null\n${end}`;
    return { header: `${Buffer.byteLength(text)} ${mark}${isLast ? " last" : ""}\n`, text };
}

/** A line of standard output: the header was read. */
export const readyOf = (mark: string) => `${mark} ready\n`;

/** The line before that of the program. */
export const beginOf = (mark: string) => `${mark} begin\n`;

/**
 * What comes at the end of both outputs, on the last line, which may have text of the program before it; then the exit
 * status.
 */
export const doneOf = (mark: string) => `${mark} done `;
