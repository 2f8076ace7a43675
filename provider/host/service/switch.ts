import { ATTACHED_DIRECTORIES } from "../../systemd/paths";
import { isTemplate } from "../../systemd/unit-states";
import { claimFiles, filesLibrary, lookAtFiles, lookAtTexts, putFiles } from "../files";
import { sweepLibrary } from "../image";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { deadlineLibrary, lock, settleLibrary } from "../program";
import type { Report } from "../report";
import { joinShell, type Shell, sh } from "../shell";
import { verifyDropIns } from "../verify";
import { arm, CONFIRM_SECONDS, switchRecordLibrary, when } from "./back";
import { type BeforeSwitch, beforeSwitchLibrary } from "./before-switch";
import { type Attachment, showUnitsLibrary } from "./look";
import type { SwitchPlan } from "./plan";

/** What the host itself checks before it asks for the confirmation. */
export interface HostChecks {
    /** Seconds that every service must stay up; undefined leaves it to {@link settleLibrary}. */
    stableSeconds: number | undefined;
    /** A command that must end with 0, in the root and namespaces of a unit's process or on the host. */
    command: { command: string[]; inside?: string } | undefined;
    /** Seconds that all checks, the client's too, may take. */
    timeoutSeconds: number;
}

/** What the client sends, on a line of its own, when the host has said `confirm` and can still be reached. */
export const CONFIRMATION = "confirmed";

/** Even where the update's own time is up: a client that is there answers in less. */
const LEAST_CONFIRM_SECONDS = 5;

/**
 * One update: files, image, units; or, where a step fails or nobody confirms, all the way back. Before it touches
 * anything it may say `interrupted` (it put back what a switch that was cut off had left: look again), `changed IMAGE`
 * (another one is attached than was seen), `owned URN`, or give blocks `taken PATH`, `unable PATH` or `findings`, and
 * stop. Then: `touched`, `step TEXT` before each step, `confirm` when all is started and {@link CONFIRMATION} is awaited
 * on file descriptor 8; and at the end either `done`, the last word of all, or `failed TEXT` (with the blocks `said` and
 * `journal`) and `serving PATH` or `serving nothing TEXT`, with the files as they are then. The block `show` has the
 * units; the last one counts.
 */
export function switchService(
    report: Report,
    name: string,
    owner: Owner,
    plan: SwitchPlan,
    checks: HostChecks,
    adopted: readonly string[],
    budgetSeconds: number,
    /** Of this switch alone. */
    id: string,
): Shell {
    const { image, previous } = plan;
    const started = plan.units.filter((unit) => plan.restart.includes(unit));
    const paths = [...plan.files.map((file) => file.path), ...plan.drop];
    const confirmSeconds = checks.timeoutSeconds + CONFIRM_SECONDS;
    const runtime = image.isRuntime ? sh`--runtime` : sh``;
    return sh`
${lock}
${verifyDropIns(plan.verify, sh`${plan.systemdVersion}`)}
${deadlineLibrary(budgetSeconds)}
${settleLibrary}
${showUnitsLibrary}
${sweepLibrary}
${filesLibrary(owner, adopted)}
${switchRecordLibrary(name, image, id)}
${aloneLibrary(name)}
${arm(report, name, owner, plan, id)}
said= bad= stirred= settled= stable_ticks=${checks.stableSeconds === undefined ? "" : Math.ceil(checks.stableSeconds * 5)}
failed() {
    # What still copies would copy on.
    wait
    say touched
    say failed "$1"
    printf '%s\\n' "$said" | block said
    [ -z "$bad" ] || journal "$bad" | block journal
    if [ -f "$back/go-back" ]; then sh "$back/go-back" failed "$stirred"
    else
        disarm
        files_undo
        say serving ${previous?.path ?? "nothing"}
    fi
    show_units ${[...plan.leave, ...plan.units]}
    ${lookAtFiles(paths)}
    ${lookAtTexts(paths)}
    exit 1
}
attempt() {
    what=$1; shift
    say step "$what"
    case $1 in
        alone) shift; said=$(alone in_time "$@" 2>&1) ;;
        *) said=$(in_time "$@" 2>&1) ;;
    esac || failed "$what"
}
# Whether its main process ends by itself: it catches the signal, or waits for it (proc(5), SigCgt and SigBlk).
ends_itself() {
    signal=15 pid=0 ends=1
    while IFS== read -r key value; do
        case $key in KillSignal) signal=$value ;; MainPID) pid=$value ;; esac
    done <<END
$(systemctl show -p KillSignal,MainPID -- "$1")
END
    [ -r "/proc/$pid/status" ] || return
    while read -r key value; do
        case $key in
            SigCgt:|SigBlk:) [ "$((0x\${value#????????} >> (signal - 1) & 1))" = 0 ] || ends=0 ;;
        esac
    done <"/proc/$pid/status"
    return "$ends"
}
# Asked while the way back is made: systemd takes its time to answer.
ask_ends() {
    {
        :
        ${joinShell(plan.activated.map(({ service }, at) => sh`if ends_itself ${service}; then echo 1; else echo 2; fi >"$back/ends-${at}"`))}
    } &
    asking=$!
}
# ended SERVICE EXITED: CLD_EXITED of waitid(2) where systemd still knows; a connection may have started it again.
ended() {
    code=$(systemctl show -p ExecMainCode --value -- "$1")
    [ "$code" != 0 ] || code=$2
    say ended "$1" "$code"
}
# Stopped and started apart, so that how a service ended can be seen; what an open socket brings waits in the kernel.
serve() {
    what=$1; shift
    stirred=1
    say step "$what"
    wait "$forgetting" "$asking"
    said=$(in_time systemctl stop -- "$@" 2>&1) || { culprit "$@"; failed "stopping $*"; }
    ${joinShell(plan.activated.map(({ service }, at) => sh`read -r exited <"$back/ends-${at}" || exited=2; ended ${service} "$exited"`))}
    said=$(in_time systemctl start -- "$@" 2>&1) || { culprit "$@"; failed "$what"; }
}
stay() {
    say step "waiting for $*"
    settle "$@" || { said="$bad is $ActiveState ($SubState), result $Result"; failed "keeping $bad up"; }
}
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null; }
# A listening socket is open in the manager and, once it is taken, in the service too.
takes() {
    pid=$newline$settled
    pid=\${pid#*"$newline$1 "}
    held=" $(sockets_of 1)"
    for socket in $(sockets_of "\${pid%% *}"); do
        case $held in *" $socket "*) return 0 ;; esac
    done
    return 1
}
# A switch that was cut off: its way back comes first.
if [ -f "$back/go-back" ]; then
    say step "putting back what an update that was cut off has left"
    sh "$back/go-back" interrupted
    say interrupted
    exit 1
fi
attached ${name}
[ "$attached_image" = ${previous?.path ?? ""} ] || { say changed "$attached_image"; exit 1; }
if [ -s "$service" ] && ! has_line "$service" "token $token"; then
    say owned "$(sed -n 's/^urn //p' "$service")"; exit 1
fi
${claimFiles(plan.files)}
make_records services && make_records files || failed "making the records"
# One that another service had made goes with the last of them.
directories=${`${ATTACHED_DIRECTORIES.join(" ")} /etc/portables /run/portables`}
arm_begin && ask_ends && files_begin ${plan.files.map((file) => file.path)} && arm || failed "keeping what is there for the way back"
if findings; then
    wait "$asking"
    disarm
    forget_undo
    exit 1
fi
say touched
arm_now || failed "keeping what is there for the way back"
say step "writing drop-ins and files"
drop_others || failed "removing files that are no longer declared"
${putFiles(plan.changed, (file) => sh`failed ${`writing ${file.path}`}`)}
${when(
    plan.leave,
    (units) => sh`
stirred=1
attempt ${`stopping ${list(units)}: not in the new image`} systemctl stop -- ${instances(units)}
attempt ${`disabling ${list(units)}`} systemctl --no-reload disable -- ${units}`,
)}
${plan.attach ? attachImage(plan) : undefined}
${when(plan.disable, (units) => sh`attempt ${`disabling ${list(units)}`} systemctl --no-reload disable ${runtime} -- ${units}`)}
${when(plan.enable, (units) => sh`attempt ${`enabling ${list(units)}`} systemctl --no-reload enable ${runtime} -- ${units}`)}
${plan.attach || plan.disable.length + plan.enable.length > 0 ? sh`changed=1` : undefined}
if [ -z "$changed" ] && systemctl show -p NeedDaemonReload -- ${plan.units.filter((unit) => !isTemplate(unit))} | grep -q yes; then
    changed=1
fi
[ -z "$changed" ] || attempt "reloading the manager" systemctl daemon-reload
${plan.beforeSwitch === undefined ? undefined : runBeforeSwitch(name, plan.beforeSwitch)}
${when(plan.stop, (units) => sh`stirred=1; attempt ${`stopping ${list(units)}`} systemctl stop -- ${units}`)}
${when(
    plan.restart,
    (units) => sh`
systemctl reset-failed -- ${units} 2>/dev/null &
forgetting=$!
${plan.stop.length + plan.restartSockets.length + plan.start.length > 0 ? sh`wait "$forgetting"` : undefined}`,
)}
${when(
    plan.restartSockets,
    (sockets) => sh`
${when(plan.restart, (units) => sh`stirred=1; attempt ${`stopping ${list(units)} for the change of its socket`} systemctl stop -- ${units}`)}
stirred=1
attempt ${`restarting ${list(sockets)}`} systemctl restart -- ${sockets}`,
)}
${when(plan.start, (units) => sh`stirred=1; attempt ${`starting ${list(units)}`} systemctl start -- ${units}`)}
${when(started, (units) => sh`serve ${`starting ${list(units)}`} ${units}`)}
# The client looks from its side while the host does from its own.
say confirm
${when(started, (units) => sh`stay ${units}`)}
while read -r unit pid root; do
    [ -z "$unit" ] || [ "$root" = ${image.path} ] || { said="RootImage is $root"; failed "running $unit from the image"; }
done <<END
$settled
END
${joinShell(plan.activated.map(({ service, socket }) => sh`if takes ${service}; then say takes ${service} ${socket}; else say leaves ${service} ${socket}; fi`))}
${checks.command === undefined ? sh`` : healthCommand(checks.command, checks.timeoutSeconds)}
# While the client looks: what the record will say is there is on the disk.
{ recorded; attached_paths; } | sync_listed &
syncing=$!
show_units ${plan.units}
wait "$syncing"
now
patience=$((deadline - now))
[ "$patience" -le ${confirmSeconds} ] || patience=${confirmSeconds}
[ "$patience" -ge ${LEAST_CONFIRM_SECONDS} ] || patience=${LEAST_CONFIRM_SECONDS}
answer=$(timeout "$patience" head -n 1 <&8)
case $answer in
    ${CONFIRMATION}) ;;
    unhealthy) said= ; bad=${started[0] ?? ""}; failed "the health check" ;;
    *) said="nobody who could still reach the host confirmed it"; failed "confirming the update" ;;
esac
record_switch ${image.path} confirmed || failed "writing the record of the switch"
# The rest nobody waits for: whatever becomes of it, the new one stays.
say done
files_commit
disarm
sweep
`;
}

/** Of what is attached already nothing is stopped. */
function attachImage({ image, previous, attachOptions }: SwitchPlan): Shell {
    const withExtensions = ({ extensions, path }: Attachment) => [
        ...extensions.flatMap((extension) => ["--extension", extension]),
        "--",
        path,
    ];
    const what = [...attachOptions, "--profile", image.profile, ...withExtensions(image)];
    if (previous === undefined)
        return sh`attempt ${`attaching ${image.path}`} alone portablectl -q --no-reload attach ${what}`;
    if (previous.extensions.join(" ") === image.extensions.join(" "))
        return sh`attempt ${`reattaching ${image.path}`} alone portablectl -q --no-reload reattach ${what}`;
    // A reattach knows its units by image and extensions: it finds none where these are others.
    const old = [...(previous.isRuntime ? ["--runtime"] : []), ...withExtensions(previous)];
    return sh`
attempt ${`detaching ${previous.path}`} alone portablectl -q --no-reload detach --force ${old}
attempt ${`attaching ${image.path}`} alone portablectl -q --no-reload attach --force ${what}`;
}

/** The new image is attached by then, and the old one still runs. */
function runBeforeSwitch(name: string, command: BeforeSwitch): Shell {
    return sh`
${beforeSwitchLibrary(name, command)}
say step ${`running ${command.command[0] ?? ""} of the new image before the switch`}
said=$(before_switch 2>&1) || failed ${`the command before the switch, ${command.command[0] ?? ""},`}
: >"$back/migrated" && sync "$back/migrated"
`;
}

/** Until it ends with 0, or the time is up. */
function healthCommand({ command, inside }: NonNullable<HostChecks["command"]>, timeoutSeconds: number): Shell {
    const run =
        inside === undefined
            ? sh`${command}`
            : sh`nsenter --target "$(systemctl show -p MainPID --value -- ${inside})" --mount --root --wd -- ${command}`;
    return sh`
say step "waiting for the health command"
now
limit=$((now + ${Math.ceil(timeoutSeconds)}))
# What it leaves running must not keep the lock.
until said=$(timeout ${Math.ceil(timeoutSeconds)} ${run} 2>&1 8<&- 9<&-); do
    now
    [ "$now" -lt "$limit" ] || { bad=${inside ?? ""}; failed "the health command"; }
    sleep 0.5
done
`;
}

function list(units: readonly string[]): string {
    return units.join(", ");
}

/** What `systemctl stop` takes: all instances in place of a template. */
function instances(units: readonly string[]): string[] {
    return units.map((unit) => unit.replace("@.", "@*."));
}
