import { unitNameProblem } from "../../systemd/portable-names";
import { readText } from "./content";
import { parentOf } from "./paths";
import type { FileEntry, Tree } from "./tree";

/** Where systemd finds unit files in an image, the first one counting (systemd.unit(5), "UNIT FILE LOAD PATH"). */
export const UNIT_DIRECTORIES = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/** systemd reads no longer file (READ_FULL_FILE_SIZE_MAX is 4 MB; a unit is far from it). */
const MAX_UNIT_BYTES = 1 << 20;

export interface UnitInTree {
    name: string;
    path: string;
    /** Of its directory: the least counts. */
    rank: number;
    entry: FileEntry;
}

/** The units in a tree that portablectl attaches under the prefix, wherever systemd finds them. */
export function unitFiles(tree: Tree, prefix: string): UnitInTree[] {
    const places = UNIT_DIRECTORIES.map((directory) => tree.lookup(directory)?.path ?? directory);
    const found: UnitInTree[] = [];
    for (const [path, entry] of tree.sorted()) {
        const rank = places.indexOf(parentOf(path));
        const name = path.slice(path.lastIndexOf("/") + 1);
        if (rank < 0 || entry.kind !== "file" || entry.size > MAX_UNIT_BYTES) continue;
        if (unitNameProblem(name, prefix) === undefined) found.push({ name, path, rank, entry });
    }
    return found.sort((a, b) => a.rank - b.rank);
}

/** Their texts, by name. */
export async function treeUnits(tree: Tree, prefix: string): Promise<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const { name, entry } of unitFiles(tree, prefix)) {
        if (!Object.hasOwn(texts, name)) texts[name] = await readText(entry);
    }
    return texts;
}
