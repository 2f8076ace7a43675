import { PROFILE_DIRECTORIES, RECORDS_DIRECTORY, UNITS_DIRECTORY } from "../systemd/paths";
import type { Report } from "./report";
import { type Shell, sh } from "./shell";

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
# What is written may be secret: only the shell's own printf, whose words no list of processes shows.
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
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
IFS= read -r machine </etc/machine-id
say machine-id "$machine"
say os "$(. /etc/os-release; echo "$ID \${ID_LIKE:-}")"
command -v portablectl >/dev/null 2>&1 && say portablectl "$(command -v portablectl)"
portabled=not-found
for directory in /lib /usr/lib /usr/local/lib /run /etc; do
    # A masked unit is a link to /dev/null (systemctl(1), mask).
    if [ -c "$directory/systemd/system/systemd-portabled.service" ]; then portabled=masked
    elif [ -e "$directory/systemd/system/systemd-portabled.service" ]; then portabled=loaded
    fi
done
say portabled "$portabled"
`;

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
shown() { systemctl show -p Id,ActiveState,SubState,Result,Type,NRestarts,CanReload,RootImage,MainPID -- "$@"; }
forget_unit() { Id= ActiveState= SubState= Result= Type= NRestarts=0 CanReload= RootImage= MainPID=; }
property() {
    case $1 in
        Id) Id=$2 ;;
        ActiveState) ActiveState=$2 ;;
        SubState) SubState=$2 ;;
        Result) Result=$2 ;;
        Type) Type=$2 ;;
        NRestarts) NRestarts=$2 ;;
        CanReload) CanReload=$2 ;;
        RootImage) RootImage=$2 ;;
        MainPID) MainPID=$2 ;;
    esac
}
look() {
    forget_unit
    while IFS== read -r key value; do property "$key" "$value"; done <<END
$(shown "$1")
END
}
judge() {
    case $ActiveState/$SubState/$Type/$Result in
        */auto-restart*) return 1 ;;
        active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || return 1 ;;
        inactive/*/oneshot/success) ;;
        activating/*|reloading/*|deactivating/*) pending=$Id ;;
        *) return 1 ;;
    esac
    case $Type in simple|exec|idle|forking) [ -n "$calm" ] || calm=5 ;; esac
    settled="$settled$Id $MainPID $RootImage
"
}
settle() {
    calm=$stable_ticks patience=450
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        forget_unit
        while IFS== read -r key value; do
            if [ -n "$key" ]; then property "$key" "$value"; continue; fi
            judge || { bad=$Id; return 1; }
            forget_unit
        done <<END
$(shown "$@")

END
        if [ -z "$pending" ]; then
            [ "\${calm:-0}" -gt 0 ] || return 0
            calm=$((calm - 1))
        else
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || { look "$pending"; bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
stable_ticks=
`;
