import { ATTACHED_DIRECTORIES, isDropInPath, RECORDS_DIRECTORY, UNITS_DIRECTORY } from "../../systemd/paths";
import { isTemplate } from "../../systemd/unit-names";
import { filesLibrary, oneLine } from "../files";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { program, settleLibrary, socketFilesLibrary } from "../program";
import type { Report } from "../report";
import { rollbackStepSeconds } from "../rollback-limit";
import armText from "../sh/arm.sh";
import rollBack from "../sh/roll-back.sh";
import serviceRecord from "../sh/service-record.sh";
import { header, joinShell, type Shell, sh, shellFile, wordsFunction } from "../shell";
import { beforeUnit } from "./before-switch";
import type { Attachment } from "./inspect";
import type { SwitchPlan } from "./plan";

/*
 * The rollback of a switch is on the host before anything is changed: a copy of everything that attaching and enabling
 * wrote, and a program that restores it. The switch runs it if a step fails or the client doesn't confirm. The watch unit
 * waits for the lock that the switch holds, and runs it if the switch was killed. The boot unit runs it before any service
 * starts if the host lost power in between. It works on files alone, since at boot neither D-Bus nor portabled is running.
 */

/** Seconds that the client has to confirm that it still reaches the host. */
export const CONFIRM_SECONDS = 30;

/** `attached_paths` lists every file that attaching and enabling has written for the units, one a line. */
function attachedPathsLibrary(name: string, plan: SwitchPlan): Shell {
    const units = unitsOf(plan);
    const extensions = [...plan.image.extensions, ...(plan.previous?.extensions ?? [])];
    const extensionLinks = [...new Set(extensions.map((path) => path.split("/").pop() ?? ""))].flatMap((file) => [
        `/etc/portables/${file}`,
        `/run/portables/${file}`,
    ]);
    const either = (tests: string[][]) => [
        "(",
        ...tests.flatMap((test, index) => (index === 0 ? test : ["-o", ...test])),
        ")",
    ];
    // Of the special characters in patterns of find(1), a unit's name may only have the backslash.
    const names = units.map((unit) => unit.replaceAll("\\", "\\\\"));
    const own = either(
        names.flatMap((unit) => [
            ["-name", unit],
            ["-path", `*/system.attached/${unit}.d/*`],
        ]),
    );
    const links = either([
        ...names.map((unit) => ["-lname", `*/system.attached/${unit}`]),
        ...plan.enabledAlso.map((unit) => ["-lname", `*/${unit.replaceAll("\\", "\\\\")}`]),
    ]);
    return sh`
attached_paths() {
    find ${ATTACHED_DIRECTORIES} ${UNITS_DIRECTORY} /run/systemd/system -mindepth 1 -maxdepth 2 '(' -path '*/system.attached/*' ! -type d ${own} -o -type l ${links} ')' 2>/dev/null
    for path in /etc/portables/${`${name}.raw`} /etc/portables/${`${name}_`}* /run/portables/${`${name}_`}* ${extensionLinks} ${plan.unlink}; do
        [ ! -L "$path" ] || printf '%s\\n' "$path"
    done
}
# Directories that attaching may have made for them, with further tests of find.
attached_dirs() {
    find ${ATTACHED_DIRECTORIES} ${UNITS_DIRECTORY} /run/systemd/system -mindepth 1 -maxdepth 1 -type d '(' -path '*/system.attached/*' -o -name '*.wants' -o -name '*.requires' -o -name '*.upholds' ')' "$@" 2>/dev/null
}
`;
}

/** Defines `record_switch` and `disarm`. */
export function serviceRecordLibrary(name: string, wanted: Pick<Attachment, "path" | "profile">, id = ""): Shell {
    return sh`${header({ name: oneLine(name), id, profile: oneLine(wanted.profile), wanted_image: oneLine(wanted.path) })}${shellFile(serviceRecord)}`;
}

/** The library that a switch and its rollback share. */
export function switchLibrary(
    name: string,
    owner: Owner,
    plan: SwitchPlan,
    id: string,
    adopted: readonly string[],
): Shell {
    return sh`
${header({ previous: plan.previous?.path, units: plan.units, leave: plan.leave })}
${filesLibrary(owner, adopted)}
${serviceRecordLibrary(name, plan.image, id)}
${settleLibrary}
${socketFilesLibrary}
${attachedPathsLibrary(name, plan)}
${aloneLibrary}
`;
}

/**
 * Defines `arm_begin`, `arm` and `arm_now`; after the last one the rollback is armed. The library is sent once: the switch
 * evaluates the text in $library, and `arm` writes it to the host for the rollback.
 */
export function armLibrary(
    report: Report,
    library: Shell,
    name: string,
    plan: SwitchPlan,
    budgetSeconds: number,
): Shell {
    return sh`
${header({ library: library.text, roll_back: rollBackProgram(report, name, plan, budgetSeconds).text })}
eval "$library"
${shellFile(armText)}
`;
}

/** Defines `with_paths` and `with_texts`, for the files that a switch reports at its end, and those reported with text. */
export function showFunctions({ files, drop }: SwitchPlan): Shell {
    const paths = [...files.map(({ path }) => path), ...drop];
    return joinShell([wordsFunction("with_paths", paths), wordsFunction("with_texts", paths.filter(isDropInPath))]);
}

/** Units of the new and the old image. */
export function unitsOf(plan: SwitchPlan): string[] {
    return [...new Set([...plan.leave, ...plan.units])];
}

/** The rollback program: see sh/roll-back.sh. */
function rollBackProgram(report: Report, name: string, plan: SwitchPlan, budgetSeconds: number): Shell {
    const { enabled, active } = plan.before;
    return program(
        report,
        sh`
. ${`${RECORDS_DIRECTORY}/services/${name}.back/library.sh`}
${header({
    before_unit: plan.beforeSwitch && beforeUnit(name),
    kept_once_migrated: plan.isKeptOnceMigrated ? "1" : "",
    were_off: unitsOf(plan).filter((unit) => !isTemplate(unit) && !active.includes(unit)),
    were_active: active,
    were_enabled: active.filter((unit) => enabled.includes(unit)),
    active_services: active.filter((unit) => unit.endsWith(".service")),
    active_others: active.filter((unit) => !unit.endsWith(".service")),
    restart_sockets: plan.restartSockets,
    step_seconds: rollbackStepSeconds(budgetSeconds),
})}
${shellFile(rollBack)}
`,
    );
}
