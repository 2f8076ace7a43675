import { PROFILE_DIRECTORIES, RECORDS_DIRECTORY, UNITS_DIRECTORY } from "../systemd/paths";
import type { Report } from "./report";
import frame from "./sh/frame.sh";
import machine from "./sh/machine.sh";
import settle from "./sh/settle.sh";
import { type Shell, sh, shellFile } from "./shell";

/**
 * The frame of every program on a host: `body` runs in a function, so that the shell has read all
 * of it before the first command, with messages in English, our directories in variables, and at the root:
 * cp --parents looks for the parents of a path from where it is.
 */
export function program(report: Report, body: Shell): Shell {
    return sh`
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
records=${RECORDS_DIRECTORY}
${report.prelude}
${shellFile(frame)}main() {
${body}
}
main "$@"
`;
}

/** Says `systemd VERSION`. */
export const lookAtVersion: Shell = sh`
version=$(systemctl --version); version=\${version#systemd }
say systemd "\${version%%[!0-9]*}"
`;

/** The rest of what {@link lookAtHost} asks for: no process is needed for it. */
export const lookAtMachine: Shell = sh`
${shellFile(machine)}`;

/** What every first look at a host asks for; parsed by {@link hostFacts}. */
export const lookAtHost: Shell = sh`${lookAtMachine}${lookAtVersion}`;

/** Says `profile NAME` for each profile that is there. */
export const lookAtProfiles: Shell = sh`
for directory in ${PROFILE_DIRECTORIES}; do
    for profile in "$directory"/*/service.conf; do
        [ ! -f "$profile" ] || { profile=\${profile%/service.conf}; say profile "\${profile##*/}"; }
    done
done
`;

/**
 * At the program's end the directory $incoming goes, and our records when there is nothing left to record; with the
 * lock, the directory $trial too: without, it is another one's.
 */
export const tidyAtEnd: Shell = sh`
incoming= trial=
leave() {
    # What writes there ends first.
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir \${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
trap leave EXIT
`;

/** One operation at a time on a host: a lock on a directory that is always there leaves no file behind. */
export const takeLock: Shell = sh`
exec 9<${UNITS_DIRECTORY}
# What an operation does after its answer takes less than a second.
if ! flock -w 1 9; then
    say step "waiting for another operation on this host"
    flock -w 600 9 || { say busy; exit 75; }
fi
trial=/run/pulumi-portable.trial
`;

/** What most programs that change something begin with. */
export const lock: Shell = sh`${tidyAtEnd}${takeLock}`;

/** `now` sets $now to the seconds since the host booted (proc(5), uptime). */
const clockLibrary: Shell = sh`
now() { read -r now idle </proc/uptime; now=\${now%.*}; }
`;

/**
 * `in_time COMMAND...` ends a command when the operation's time is up (status 124), so that there is
 * time left to go back. `journal UNIT`: the last lines of its newest run. `culprit UNITS...` sets $bad.
 */
export function deadlineLibrary(budgetSeconds: number): Shell {
    return sh`
${clockLibrary}
now
began=$now deadline=$((now + ${budgetSeconds}))
# since_then: the time when it began, for journalctl(1).
since_then() { now; echo "@$(($(date +%s) - now + began - 1))"; }
in_time() {
    now
    left=$((deadline - now))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo ${`not done when the time for it was up (${budgetSeconds} s in all, with time kept to go back)`}
    return "$status"
}
journal() {
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" "_SYSTEMD_UNIT=$1" + "UNIT=$1" 2>/dev/null
}
culprit() {
    bad=$1
    for unit; do
        look "$unit"
        case $ActiveState in failed|activating|deactivating) bad=$unit; return ;; esac
    done
}
`;
}

/**
 * `look UNIT` sets ActiveState, SubState, Result, Type, NRestarts, CanReload, RootImage, MainPID. `settle UNITS...` waits
 * until every unit is as good as started; else it returns 1 with the state of the first one that isn't, named in $bad.
 * $settled then has a line `UNIT MAINPID ROOTIMAGE` for each.
 * Where systemd calls a start done before the program has said so (Type=simple and the like), they must
 * stay up for a second; $stable_ticks is another time, in fifths of a second.
 */
export const settleLibrary: Shell = sh`
${shellFile(settle)}`;
