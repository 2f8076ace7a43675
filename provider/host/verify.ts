import { isPrefix, isTemplate, kindOf } from "../systemd/unit-names";
import verify from "./sh/verify.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile } from "./shell";

export interface DropInToVerify {
    unit: string;
    /** File name: `override.conf`. */
    name: string;
    content: Buffer;
}

/** The version of systemd that added `--recursive-errors=`. */
const RECURSIVE_ERRORS_SINCE = 250;
/** Maximum time limit for systemd-analyze, in seconds; it is lower if the operation has less time left. */
const MOST_VERIFY_SECONDS = 60;
/** Text of a unit without settings, to which the drop-ins are added. An empty file would mask it. */
const TRIAL_TEXT = "[Unit]\n";

/**
 * Defines `verify_drop_ins`, which has systemd (of version $systemd_version) read the drop-ins in a separate directory,
 * $trial, in the background (systemd-analyze(1), verify), and `findings`, which waits for it and reports lines like
 * `hello.service.d/override.conf:2: ...` as the block `findings`, or `unverified SECONDS`. The clock must have been started
 * (sh/deadline.sh). The units in $trial have no settings, so that the findings concern the drop-ins alone, and since
 * systemd-analyze can't load units without a file, such as transient ones.
 */
export function verifyDropIns(dropIns: readonly DropInToVerify[]): Shell {
    if (dropIns.length === 0) return sh`${header({ trial_units: "" })}findings() { return 1; }`;
    const units = [...new Set(dropIns.map(({ unit }) => unit))];
    const trialUnits = [...new Set(units.map(trialUnit))];
    const files = [
        ...trialUnits.map((unit) => [unit, TRIAL_TEXT] as const),
        ...dropIns.map(
            ({ unit, name, content }) => [`${trialName(unit)}.d/${name}`, trialText(unit, content)] as const,
        ),
    ];
    const directories = [...new Set(units.map(trialName))].map((name) => sh`"$trial"/${name}.d`);
    return sh`
${header({
    trial_units: trialUnits,
    trial_scopes: units.filter((unit) => kindOf(unit) === "scope").map(trialName),
    recursive_errors_since: RECURSIVE_ERRORS_SINCE,
    most_verify_seconds: MOST_VERIFY_SECONDS,
})}
${headerFunction(
    "make_trial",
    joinShell(
        [
            sh`mkdir -m 0700 -- "$trial" ${directories}`,
            ...files.map(([file, content]) => sh`text ${content} >"$trial"/${file}`),
        ],
        " && ",
    ),
)}
${shellFile(verify)}
`;
}

/** Name of a unit that reads the drop-ins of a template or a prefix. */
function trialUnit(unit: string): string {
    const name = trialName(unit);
    if (isTemplate(name)) return name.replace("@.", "@trial.");
    return isPrefix(name) ? name.replace(/-\.([a-z]+)$/, "-trial.$1") : name;
}

/** Name of the unit in $trial. Scopes can't be loaded from files, so a service, which has all their settings, is used. */
function trialName(unit: string): string {
    return kindOf(unit) === "scope" ? unit.replace(/scope$/, "service") : unit;
}

function trialText(unit: string, content: Buffer): string {
    const text = content.toString().replaceAll("\0", "");
    return kindOf(unit) === "scope" ? text.replace(/^\s*\[Scope\]/gm, "[Service]") : text;
}
