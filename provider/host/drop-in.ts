import { type Effect, effectOf } from "../systemd/unit-kinds";
import { isPrefix, isTemplate, kindOf, patternOf } from "../systemd/unit-names";
import { filesLibrary, filesToWrite, type HostFile, showFilesLibrary } from "./files";
import type { Owner } from "./owner";
import { deadlineLibrary, endingLibrary, hostLibrary, lockLibrary, settleLibrary, socketFilesLibrary } from "./program";
import { rollbackStepSeconds } from "./rollback-limit";
import apply from "./sh/apply-drop-in.sh";
import read from "./sh/read-drop-in.sh";
import remove from "./sh/remove-drop-in.sh";
import together from "./sh/together.sh";
import write from "./sh/write-drop-in.sh";
import { header, joinShell, type Shell, sh, shellFile, wordsFunction } from "./shell";
import { verifyDropIns } from "./verify";

/** How a change is applied to the unit. */
export type OnChange = "reload" | "restart" | "none";

export interface DropInFiles {
    unit: string;
    /** File name of the drop-in: `override.conf`. */
    name: string;
    dropIn: HostFile;
    files: HostFile[];
    /** Undefined means the default for units of this kind. */
    onChange: OnChange | undefined;
}

/** Defines `remember_running`, `apply` and `roll_back_unit`. */
function applyLibrary(unit: string, onChange: OnChange | undefined, path: string, budgetSeconds: number): Shell {
    const scope = isTemplate(unit) ? "template" : isPrefix(unit) ? "prefix" : "unit";
    const effect = effectFor(unit, onChange);
    return sh`
${header({
    changed_unit: unit,
    unit_scope: scope,
    // systemctl show needs an instance to show a template's drop-ins and aliases; its name doesn't matter.
    probe: scope === "template" ? unit.replace("@.", "@pulumi-portable.") : "",
    loaded_pattern: scope === "unit" ? unit : patternOf(unit),
    drop_in: path,
    effect,
    doing: DOING[effect],
    step_seconds: rollbackStepSeconds(budgetSeconds),
})}
${endingLibrary(budgetSeconds)}
${socketFilesLibrary}
${shellFile(together)}
${shellFile(apply)}
`;
}

/**
 * Has systemd check the drop-in, writes it and its host files, and applies them to the unit; if that fails, it rolls back.
 *
 * Before any change it may report `no-unit`, `masked`, `cannot VERB UNIT`, `needs-restart UNIT`, `ending UNIT...` (units
 * whose stop, begun by someone else, doesn't end), or the blocks `findings`, `taken PATH` or `unable PATH`, and exit. Then
 * it reports `changing`, `step TEXT`, and `done`, with `unread UNIT PATH` for each unit that reads another file in place of
 * the drop-in, `later UNIT` for each unit to which the change applies at its next start, `later-drop-in UNIT PATH` for each
 * drop-in that a unit reads after this one, `hides UNIT PATH` for each that it no longer reads because of this one's name,
 * `invalid UNIT` for each unit whose settings systemd refused before, too, and `stopped UNIT` for each that was stopped
 * as it conflicts with the unit; or `failed TEXT` (with the blocks `output` and `journal`) and
 * `running old` or `running nothing TEXT`. Either way it reports the recorded files as they are at the end.
 */
export function writeDropIn(
    owner: Owner,
    { unit, name, dropIn, files, onChange }: DropInFiles,
    adopted: readonly string[],
    budgetSeconds: number,
) {
    return sh`
${header({
    brings_reload: sets(dropIn, "ExecReload|Type") ? "1" : "",
    needs_restart: onChange === undefined && changesMount(unit, dropIn) ? "1" : "",
    pulls_in: onChange === undefined && sets(dropIn, "Wants|Requires|BindsTo") ? "1" : "",
    may_stop: sets(dropIn, "BusName|Type") ? "1" : "",
    conflicts: sets(dropIn, "Conflicts") ? "1" : "",
})}
${hostLibrary}
${lockLibrary}
${deadlineLibrary(budgetSeconds)}
${settleLibrary}
${filesLibrary(owner, adopted)}
${filesToWrite([dropIn, ...files])}
${showFilesLibrary}
${applyLibrary(unit, onChange, dropIn.path, budgetSeconds)}
${verifyDropIns([{ unit, name, content: dropIn.content }])}
${shellFile(write)}
`;
}

/**
 * Reports the record's nonce (`nonce N`) and paths (`recorded PATH`), the files, and the content of those in `texts` (block
 * `content PATH`).
 */
export function readDropIn(owner: Pick<Owner, "token">, paths: readonly string[], texts: readonly string[]): Shell {
    return joinShell([
        header({ token: owner.token }),
        wordsFunction("with_paths", paths),
        wordsFunction("with_texts", texts),
        hostLibrary,
        showFilesLibrary,
        shellFile(read),
    ]);
}

/**
 * Removes the files in the record (for an import, which has no record, the adopted ones) and the empty directories that
 * were made for them, and applies that to the unit. Reports `other-machine`, `superseded`, `done`, or `failed TEXT` (block
 * `output`), after which the files are removed, too. `later UNIT` is as for {@link writeDropIn}.
 */
export function removeDropIn(
    owner: Owner,
    { unit, onChange, path }: { unit: string; onChange: OnChange | undefined; path: string },
    adopted: readonly string[],
    machineId: string,
) {
    const directories = adopted.filter((path) => path.endsWith(".conf")).map((path) => path.replace(/\/[^/]*$/, ""));
    return sh`
${header({ machine_id: machineId })}
${wordsFunction("with_adopted", adopted)}
${wordsFunction("with_directories", [...new Set(directories)])}
${lockLibrary}
${deadlineLibrary(600)}
${settleLibrary}
${filesLibrary(owner, adopted)}
${applyLibrary(unit, onChange, path, 600)}
${shellFile(remove)}
`;
}

/** How a change is applied: the default for the kind of unit, or as declared. */
export function effectFor(unit: string, onChange: OnChange | undefined): Effect {
    const byKind = effectOf(unit);
    return onChange === undefined || (onChange === "restart" && byKind === "sockets") ? byKind : onChange;
}

/** Whether the drop-in sets one of these settings, which are given as alternatives of a regular expression. */
function sets(dropIn: HostFile, settings: string): boolean {
    return new RegExp(`^\\s*(${settings})\\s*=`, "m").test(dropIn.content.toString());
}

/** Whether the drop-in changes what its mount unit mounts, for which a reload isn't enough. */
function changesMount(unit: string, dropIn: HostFile): boolean {
    return kindOf(unit) === "mount" && sets(dropIn, "What|Type|Where");
}

const DOING: Record<Effect, string> = {
    reload: "reloading",
    restart: "restarting",
    sockets: "restarting",
    timers: "restarting",
    none: "reloading systemd's configuration for",
    "next start": "reloading systemd's configuration for",
};
