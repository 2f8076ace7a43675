import { claimFiles, filesLibrary, type HostFile, lookAtFiles, lookAtRecorded, lookAtTexts, putFiles } from "./files";
import type { Owner } from "./owner";
import { deadlineLibrary, lock, lookAtHost, settleLibrary } from "./program";
import { type Shell, sh } from "./shell";
import { verifyDropIns } from "./verify";

/** How the unit learns of a change. */
export type OnChange = "reload" | "restart" | "none";

export interface DropInFiles {
    unit: string;
    /** File name of the drop-in: `override.conf`. */
    name: string;
    dropIn: HostFile;
    files: HostFile[];
    onChange: OnChange;
}

/**
 * `apply WORDS` makes the manager and then the unit (all running instances of a template) take the change; it returns 1
 * with $said and $bad set when the unit can't (then $cannot too) or doesn't stay up. `put_back` makes them take what was
 * before, and starts what has fallen over since. What didn't run when the program began isn't started.
 */
function applyLibrary(unit: string, onChange: OnChange): Shell {
    return sh`
said= bad= cannot=
running=$(systemctl list-units --plain --no-legend --no-pager --state=active,reloading,activating -- ${instances(unit)} | cut -d ' ' -f 1)
[ ${onChange} != none ] || running=
apply() {
    said=$(in_time systemctl daemon-reload 2>&1) || return
    [ -n "$running" ] || return 0
    if [ ${onChange} = reload ]; then
        for bad in $running; do
            look "$bad"
            [ "$CanReload" = yes ] || { said="$bad has no ExecReload="; cannot=1; return 1; }
        done
        bad=
    else
        systemctl reset-failed -- $running 2>/dev/null
    fi
    say step "$1 $(echo $running)"
    said=$(in_time systemctl ${onChange} -- $running 2>&1) || { culprit $running; return 1; }
    settle $running || { said="$bad is $ActiveState ($SubState), result $Result"; return 1; }
}
put_back() {
    systemctl daemon-reload
    [ -n "$running" ] && [ -z "$cannot" ] || return 0
    for unit in $running; do
        look "$unit"
        if [ ${onChange} = reload ] && [ "$ActiveState" = active ]; then systemctl reload -- "$unit"
        else
            systemctl reset-failed -- "$unit" 2>/dev/null
            systemctl restart -- "$unit"
        fi
    done
    settle $running
}
`;
}

/**
 * Checks the drop-in with systemd itself, writes it and its host files, and makes the unit take them;
 * or, where that fails, goes back. Before anything is touched it may say `no-unit` or `cannot-reload UNIT`, or give
 * blocks `findings`, `taken PATH` or `unable PATH`, and stop. Then `touched`, `step TEXT`, and `done`; or `failed TEXT` (blocks `said`, `journal`) with
 * `serving old` or `serving nothing TEXT`. In both cases it looks at the files of the record as they are then.
 */
export function writeDropIn(
    owner: Owner,
    { unit, name, dropIn, files, onChange }: DropInFiles,
    adopted: readonly string[],
    budgetSeconds: number,
) {
    const all = [dropIn, ...files];
    return sh`
${lookAtHost}
${lock}
${deadlineLibrary(budgetSeconds)}
${settleLibrary}
${filesLibrary(owner, adopted)}
${applyLibrary(unit, onChange)}
failed() {
    say failed "$1"
    printf '%s\\n' "$said" | block said
    [ -z "$bad" ] || [ -n "$cannot" ] || journal "$bad" | block journal
    say step "putting back what was before"
    files_undo
    if [ -z "$applying" ] || put_back; then say serving old; else say serving nothing "$bad is $ActiveState ($SubState)"; fi
    look_back
    exit 1
}
look_back() {
    ${lookAtRecorded}
    ${lookAtTexts([dropIn.path])}
}
${requireUnit(unit)}
${claimFiles(all)}
${verifyDropIns([{ unit, name, content: dropIn.content }], sh`"\${version%%[!0-9]*}"`)}
${onChange === "reload" && !bringsReload(dropIn) ? requireReload : undefined}
! findings || exit 1
applying=
say touched
make_records files && files_begin ${all.map((file) => file.path)} && files_sync && sync "$undo" "$records/files" || failed "writing the record"
drop_others || failed "removing files that are no longer declared"
${putFiles(all, (file) => sh`failed ${`writing ${file.path}`}`)}
if [ -n "$changed" ]; then
    applying=1
    apply ${DOING[onChange]} || failed ${`${DOING[onChange]} ${unit}`}
fi
files_commit
say done
look_back
`;
}

/**
 * What is there: the record's nonce (`nonce N`) and paths (`recorded PATH`), the files, and for those
 * in `texts` their content (block `content PATH`).
 */
export function readDropIn(owner: Pick<Owner, "token">, paths: readonly string[], texts: readonly string[]): Shell {
    return sh`
${lookAtHost}
record="$records/files"/${owner.token}
sed -n 's/^nonce //p' "$record" 2>/dev/null | while IFS= read -r nonce; do say nonce "$nonce"; done
${lookAtFiles(paths)}
${lookAtTexts(texts)}
`;
}

/**
 * Removes exactly the files of the record (of an import, which has none, the adopted ones), and the directories made for them where they are empty;
 * then the unit takes the change. Says `other-machine`, `superseded`, `failed TEXT` (block `said`; the
 * files are gone all the same) or `done`.
 */
export function removeDropIn(
    owner: Owner,
    { unit, onChange }: Pick<DropInFiles, "unit" | "onChange">,
    adopted: readonly string[],
    machineId: string,
) {
    return sh`
[ "$(cat /etc/machine-id)" = ${machineId} ] || { say other-machine; exit 0; }
${lock}
${deadlineLibrary(600)}
${settleLibrary}
${filesLibrary(owner, adopted)}
${applyLibrary(unit, onChange)}
if [ -f "$record" ]; then
    grep -qFx -- "nonce $nonce" "$record" || { say superseded; exit 0; }
    remove_all
else
    claim ${adopted} || { say superseded; exit 0; }
    rm -f -- ${adopted}
    rmdir -- ${[...new Set(adopted.filter((path) => path.endsWith(".conf")).map((path) => path.replace(/\/[^/]*$/, "")))]} 2>/dev/null
fi
if apply ${DOING[onChange]}; then say done; else say failed ${`${DOING[onChange]} ${unit}`}; printf '%s\\n' "$said" | block said; fi
`;
}

/** Says `no-unit`, and stops. Of a template systemd shows no state; `systemctl cat` fails for a drop-in that was removed. */
function requireUnit(unit: string): Shell {
    return unit.includes("@.")
        ? sh`systemctl list-unit-files --no-legend --no-pager -- ${unit} | grep -q . || { say no-unit; exit 1; }`
        : sh`[ "$(systemctl show -p LoadState --value -- ${unit})" != not-found ] || { say no-unit; exit 1; }`;
}

/** Says `cannot-reload UNIT`, and stops, where a running unit has no way to be reloaded. */
const requireReload: Shell = sh`
for unit in $running; do
    look "$unit"
    [ "$CanReload" = yes ] || { say cannot-reload "$unit"; exit 1; }
done`;

/** Whether the drop-in itself may make its unit one that can be reloaded. */
function bringsReload(dropIn: HostFile): boolean {
    return /^\s*(ExecReload|Type)\s*=/m.test(dropIn.content.toString());
}

const DOING = { reload: "reloading", restart: "restarting", none: "leaving" };

/** What `systemctl list-units` takes: all instances in place of a template. */
function instances(unit: string): string {
    return unit.replace("@.", "@*.");
}
