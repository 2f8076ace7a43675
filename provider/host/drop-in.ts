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
    /** Undefined: what a unit of this kind needs. */
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
    // Any instance shows which files the template reads, and of which template it is an alias.
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
 * Has systemd check the drop-in, writes it and its host files, and makes the unit take them; where that fails, it rolls
 * back. Before it changes anything it may report `no-unit`, `masked`, `cannot VERB UNIT`, `needs-restart UNIT`,
 * `ending UNIT...` (somebody stops them, and that doesn't end), or the blocks `findings`, `taken PATH` or `unable PATH`, and stop. Then it reports `changing`, `step TEXT`, and `done`, with
 * `unread UNIT PATH` for each unit that reads another file in place of the drop-in, `later UNIT` for each that takes the
 * change at its next start, and `later-drop-in UNIT PATH` for each drop-in that a unit reads after this one; or `failed TEXT` (with the blocks `output` and `journal`) and `running old` or
 * `running nothing TEXT`. In both cases it reports the recorded files as they are at the end.
 */
export function writeDropIn(
    owner: Owner,
    { unit, name, dropIn, files, onChange }: DropInFiles,
    adopted: readonly string[],
    budgetSeconds: number,
) {
    return sh`
${header({
    brings_reload: bringsReload(dropIn) ? "1" : "",
    needs_restart: onChange === undefined && isMountedAnew(unit, dropIn) ? "1" : "",
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
 * What is there: the record's nonce (`nonce N`) and paths (`recorded PATH`), the files, and for those
 * in `texts` their content (block `content PATH`).
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
 * Removes exactly the files of the record (or, of an import, which has no record, the adopted ones) and the empty
 * directories that were made for them; then the unit takes the change. Reports `other-machine`, `superseded`, `done`, or
 * `failed TEXT` (block `output`): then the files are removed all the same. `later UNIT` is as for {@link writeDropIn}.
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

/** How a change takes effect, in the one word that all ways of declaring it come to. */
export function effectFor(unit: string, onChange: OnChange | undefined): Effect {
    const byKind = effectOf(unit);
    return onChange === undefined || (onChange === "restart" && byKind === "sockets") ? byKind : onChange;
}

/** Whether the drop-in itself may make its unit one that can be reloaded. */
function bringsReload(dropIn: HostFile): boolean {
    return /^\s*(ExecReload|Type)\s*=/m.test(dropIn.content.toString());
}

/** Whether the drop-in changes what is mounted, which a reload doesn't do. */
function isMountedAnew(unit: string, dropIn: HostFile): boolean {
    return kindOf(unit) === "mount" && /^\s*(What|Type|Where)\s*=/m.test(dropIn.content.toString());
}

const DOING: Record<Effect, string> = {
    reload: "reloading",
    restart: "restarting",
    sockets: "restarting",
    timers: "restarting",
    none: "reloading systemd's configuration for",
    "next start": "reloading systemd's configuration for",
};
