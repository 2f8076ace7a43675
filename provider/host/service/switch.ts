import { isTemplate, patternOf } from "../../systemd/unit-names";
import { filesToWrite, showFilesLibrary } from "../files";
import { sweepLibrary } from "../image";
import type { Owner } from "../owner";
import { deadlineLibrary, lockLibrary } from "../program";
import type { Report } from "../report";
import switchText from "../sh/switch.sh";
import together from "../sh/together.sh";
import { header, headerFunction, type Shell, sh, shellFile } from "../shell";
import { verifyDropIns } from "../verify";
import { beforeSwitchLibrary, beforeUnit } from "./before-switch";
import { type Attachment, showUnitsLibrary } from "./inspect";
import type { SwitchPlan } from "./plan";
import { armLibrary, CONFIRM_SECONDS, showFunctions, switchLibrary } from "./roll-back";

/** The checks that the host makes before it reads the confirmation, while the client makes its own checks. */
export interface HostChecks {
    /** Seconds that every service must stay up; undefined means the default of `settle`. */
    stableSeconds: number | undefined;
    /** A command that must exit with 0: as user and in the root and namespaces of a unit's process, or on the host. */
    command: { command: string[]; inside?: string } | undefined;
    /** Time limit for all checks together, including the client's, in seconds. */
    timeoutSeconds: number;
}

/** The line that the client sends after `confirm` while it can still reach the host. */
export const CONFIRMATION = "confirmed";

/** Minimum time for the confirmation, even if the update's time is over: a connected client needs less. */
const LEAST_CONFIRM_SECONDS = 5;

/**
 * One update of files, image and units, which is rolled back if a step fails or the client doesn't confirm.
 *
 * Before any change it may report `interrupted` (it rolled back an interrupted switch, so that the host must be inspected
 * again), `changed IMAGE` (another image is attached than was inspected), `owned URN`, or the blocks `taken PATH`,
 * `unable PATH` or `findings`, and exit. Then it reports `changing`, `step TEXT` before each step, and `confirm` when
 * everything is started and {@link CONFIRMATION} is awaited on file descriptor 8. At the end it reports `done` as its last
 * line; or `failed TEXT` (with the blocks `output` and `journal`) and `running PATH` or `running nothing TEXT`, with the
 * files as they are then. The last block `show` has the units.
 */
export function switchService(
    report: Report,
    name: string,
    owner: Owner,
    plan: SwitchPlan,
    checks: HostChecks,
    adopted: readonly string[],
    budgetSeconds: number,
    /** Unique to this switch. */
    id: string,
): Shell {
    const library = switchLibrary(name, owner, plan, id, adopted);
    return sh`
${lockLibrary}
${verifyDropIns(plan.verify)}
${deadlineLibrary(budgetSeconds)}
${armLibrary(report, library, name, plan, budgetSeconds)}
${shellFile(together)}
${showUnitsLibrary}
${sweepLibrary}
${showFilesLibrary}
${switchHeader(name, plan, checks)}
${shellFile(switchText)}
`;
}

/** The values of sh/switch.sh. */
function switchHeader(name: string, plan: SwitchPlan, { stableSeconds, command, timeoutSeconds }: HostChecks): Shell {
    return sh`
${header({
    attach: plan.attach ? "1" : "",
    runtime: plan.image.isRuntime ? "--runtime" : "",
    leave_instances: plan.leave.map((unit) => (isTemplate(unit) ? patternOf(unit) : unit)),
    unlink: plan.unlink,
    enable: plan.enable,
    unlink_again: plan.unlinkAgain,
    plain_units: plan.units.filter((unit) => !isTemplate(unit)),
    before_unit: plan.beforeSwitch && beforeUnit(name),
    stop: plan.stop,
    restart: plan.units.filter((unit) => plan.restart.includes(unit)),
    restart_sockets: plan.restartSockets,
    start: plan.start,
    activated: plan.activated.flatMap(({ service, socket }) => [service, socket]),
    systemd_version: plan.systemdVersion,
    stable_ticks: stableSeconds === undefined ? "" : Math.ceil(stableSeconds * 5),
    health_seconds: command && Math.ceil(timeoutSeconds),
    health_unit: command?.inside,
    confirm_seconds: timeoutSeconds + CONFIRM_SECONDS,
    least_confirm_seconds: LEAST_CONFIRM_SECONDS,
    confirmation: CONFIRMATION,
})}
${filesToWrite(plan.files, plan.changed)}
${showFunctions(plan)}
${headerFunction("attach_image", plan.attach ? attachImage(plan) : sh`:`)}
${command && headerFunction("health_command", healthCommand(command, timeoutSeconds))}
${plan.beforeSwitch && beforeSwitchLibrary(plan.beforeSwitch)}
`;
}

/** Attaches the image without stopping a unit, by `portablectl reattach` if possible. */
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
    // A reattach finds units by image and extensions, so it would find none if the extensions have changed.
    const old = [...(previous.isRuntime ? ["--runtime"] : []), ...withExtensions(previous)];
    return sh`
attempt ${`detaching ${previous.path}`} alone portablectl -q --no-reload detach --force ${old}
attempt ${`attaching ${image.path}`} alone portablectl -q --no-reload attach --force ${what}`;
}

/** The user's command, on the host or in the namespaces of a unit's process. */
function healthCommand({ command, inside }: NonNullable<HostChecks["command"]>, timeoutSeconds: number): Shell {
    const limit = sh`timeout --kill-after=5 ${Math.ceil(timeoutSeconds)}`;
    if (inside === undefined) return sh`${limit} ${command}`;
    return sh`
find_process ${inside} || return
${limit} nsenter --target "$pid" --mount --root --wd --setgid "$group_id" --setuid "$user_id" -- ${command}`;
}
