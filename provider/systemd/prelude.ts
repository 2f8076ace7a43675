import { type Shell, sh } from "../shell";
import { PROFILE_DIRECTORIES, RECORDS_DIRECTORY, UNITS_DIRECTORY } from "./paths";
import type { Report } from "./report";

/** Who acts: a resource, by its token, and this creation of it, by its nonce. */
export interface Owner {
    /** Stable over all runs of one resource: 16 hex digits of its URN's SHA-256. */
    token: string;
    /** New with every Create: a Delete acts only while the record on the host still has it. */
    nonce: string;
    /** For people who read the record. */
    urn: string;
}

/**
 * The frame of every program on a host: `body` runs in a function, so that the shell has read all
 * of it before the first command, with messages in English and our directories in variables.
 */
export function program(report: Report, body: Shell): Shell {
    return sh`
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
records=${RECORDS_DIRECTORY}
${report.prelude}
main() {
${body}
}
main "$@"
`;
}

/** What every first look at a host asks for; parsed by {@link hostFacts}. */
export const lookAtHost: Shell = sh`
say machine-id "$(cat /etc/machine-id)"
say systemd "$(systemctl --version | sed -n '1s/^systemd \\([0-9]*\\).*/\\1/p')"
say os "$(. /etc/os-release; echo "$ID \${ID_LIKE:-}")"
command -v portablectl >/dev/null 2>&1 && say portablectl "$(command -v portablectl)"
say portabled "$(systemctl show -p LoadState --value systemd-portabled.service)"
`;

/** Says `profile NAME` for each profile that is there. */
export const lookAtProfiles: Shell = sh`
for directory in ${PROFILE_DIRECTORIES}; do
    for profile in "$directory"/*/service.conf; do
        [ ! -f "$profile" ] || { profile=\${profile%/service.conf}; say profile "\${profile##*/}"; }
    done
done
`;

/**
 * One operation at a time on a host: a lock on a directory that is always there leaves no file behind.
 * At its end the directory in $incoming goes, and our records when there is nothing left to record.
 */
export const lock: Shell = sh`
incoming=
leave() {
    [ -z "$incoming" ] || rm -rf -- "$incoming"
    rmdir "$records/images" "$records/files" "$records/services" "$records/incoming" "$records" 2>/dev/null
}
trap leave EXIT
exec 9<${UNITS_DIRECTORY}
if ! flock -n 9; then
    say step "waiting for another operation on this host"
    flock -w 600 9 || { say busy; exit 75; }
fi
`;

/**
 * `in_time COMMAND...` ends a command when the operation's time is up (status 124), so that there is
 * time left to go back. `journal UNIT`: the last lines of its newest run. `culprit UNITS...` sets $bad.
 */
export function deadlineLibrary(budgetSeconds: number): Shell {
    return sh`
began=$(date +%s) deadline=$(($(date +%s) + ${budgetSeconds}))
in_time() {
    left=$((deadline - $(date +%s)))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo ${`not done when the time for it was up (${budgetSeconds} s in all, with time kept to go back)`}
    return "$status"
}
journal() {
    journalctl --no-pager -q -o cat -n 15 --since "@$began" "_SYSTEMD_UNIT=$1" + "UNIT=$1" 2>/dev/null
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
 * `look UNIT` sets ActiveState, SubState, Result, Type, NRestarts, CanReload. `settle UNITS...` waits
 * until every unit is as good as started; else it returns 1 and names the first one that isn't in $bad.
 * Where systemd calls a start done before the program has said so (Type=simple and the like), they must
 * stay up for a second; $stable_ticks is another time, in fifths of a second.
 */
export const settleLibrary: Shell = sh`
look() {
    ActiveState= SubState= Result= Type= NRestarts=0 CanReload=
    while IFS== read -r key value; do
        case $key in
            ActiveState) ActiveState=$value ;;
            SubState) SubState=$value ;;
            Result) Result=$value ;;
            Type) Type=$value ;;
            NRestarts) NRestarts=$value ;;
            CanReload) CanReload=$value ;;
        esac
    done <<END
$(systemctl show -p ActiveState,SubState,Result,Type,NRestarts,CanReload -- "$1")
END
}
settle() {
    calm=0 patience=450
    for unit; do
        look "$unit"
        case $Type in simple|exec|idle|forking) calm=5 ;; esac
    done
    calm=\${stable_ticks:-$calm}
    while :; do
        pending=
        for unit; do
            look "$unit"
            case $ActiveState/$SubState/$Type/$Result in
                */auto-restart*) bad=$unit; return 1 ;;
                active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || { bad=$unit; return 1; } ;;
                inactive/*/oneshot/success) ;;
                activating/*|reloading/*|deactivating/*) pending=$unit ;;
                *) bad=$unit; return 1 ;;
            esac
        done
        if [ -z "$pending" ]; then
            [ "$calm" -gt 0 ] || return 0
            calm=$((calm - 1))
        else
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || { bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
`;
