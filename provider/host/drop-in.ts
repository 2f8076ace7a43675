import { filesLibrary, filesToWrite, type HostFile, showFilesLibrary } from "./files";
import type { Owner } from "./owner";
import { deadlineLibrary, hostLibrary, lockLibrary, settleLibrary } from "./program";
import apply from "./sh/apply-drop-in.sh";
import read from "./sh/read-drop-in.sh";
import remove from "./sh/remove-drop-in.sh";
import write from "./sh/write-drop-in.sh";
import { header, joinShell, type Shell, sh, shellFile, wordsFunction } from "./shell";
import { verifyDropIns } from "./verify";

/** How a running unit takes a change. */
export type OnChange = "reload" | "restart" | "none";

export interface DropInFiles {
    unit: string;
    /** File name of the drop-in: `override.conf`. */
    name: string;
    dropIn: HostFile;
    files: HostFile[];
    onChange: OnChange;
}

/** Defines `find_running`, `apply` and `put_back`. */
function applyLibrary(unit: string, onChange: OnChange): Shell {
    return sh`
${header({ changed_unit: unit, instances: instances(unit), on_change: onChange, doing: DOING[onChange] })}
${shellFile(apply)}
`;
}

/**
 * Has systemd check the drop-in, writes it and its host files, and makes the unit take them; where that fails, it rolls
 * back. Before it changes anything it may report `no-unit`, `cannot-reload UNIT`, or the blocks `findings`, `taken PATH`
 * or `unable PATH`, and stop. Then it reports `touched`, `step TEXT`, and `done`; or `failed TEXT` (with the blocks `said`
 * and `journal`) and `serving old` or `serving nothing TEXT`. In both cases it reports the recorded files as they are
 * at the end.
 */
export function writeDropIn(
    owner: Owner,
    { unit, name, dropIn, files, onChange }: DropInFiles,
    adopted: readonly string[],
    budgetSeconds: number,
) {
    return sh`
${header({
    drop_in: dropIn.path,
    must_reload: onChange === "reload" && !bringsReload(dropIn) ? "1" : "",
})}
${hostLibrary}
${lockLibrary}
${deadlineLibrary(budgetSeconds)}
${settleLibrary}
${filesLibrary(owner, adopted)}
${filesToWrite([dropIn, ...files])}
${showFilesLibrary}
${applyLibrary(unit, onChange)}
${verifyDropIns([{ unit, name, content: dropIn.content }])}
${shellFile(write)}
`;
}

/** Reports the record's nonce (`nonce N`), the files, and the content of those in `texts` (block `content PATH`). */
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
 * `failed TEXT` (block `said`): then the files are removed all the same.
 */
export function removeDropIn(
    owner: Owner,
    { unit, onChange }: Pick<DropInFiles, "unit" | "onChange">,
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
${applyLibrary(unit, onChange)}
${shellFile(remove)}
`;
}

/** Whether the drop-in itself may make its unit one that can be reloaded. */
function bringsReload(dropIn: HostFile): boolean {
    return /^\s*(ExecReload|Type)\s*=/m.test(dropIn.content.toString());
}

const DOING = { reload: "reloading", restart: "restarting", none: "leaving" };

/** The pattern for `systemctl list-units`: all instances of a template. */
function instances(unit: string): string {
    return unit.replace("@.", "@*.");
}
