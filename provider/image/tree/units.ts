import { unitNameProblem } from "../../systemd/portable-names";
import { readText } from "./content";
import { nameOf, parentOf } from "./paths";
import type { FileEntry, Tree } from "./tree";

/**
 * Directories of unit files in an image, in the order of precedence (systemd.unit(5), "UNIT FILE LOAD PATH").
 */
const UNIT_DIRECTORIES = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/** Size limit of a unit file; that of systemd is 4 MB (READ_FULL_FILE_SIZE_MAX). */
const MAX_UNIT_BYTES = 1 << 20;

export interface UnitInTree {
    name: string;
    /** The path at which portabled finds it, which may be a symbolic link to another file of the image. */
    path: string;
    /** Rank of its directory; the lowest rank takes precedence. */
    rank: number;
    /** The file, with links resolved. */
    entry: FileEntry;
}

/** A unit that portabled wouldn't read from the image, with the reason. */
export interface UnreadUnit {
    name: string;
    path: string;
    what: string;
    todo: string;
}

interface FoundUnits {
    read: UnitInTree[];
    unread: UnreadUnit[];
}

/** The units in a tree that portablectl attaches for the prefix, from all directories. */
export function unitFiles(tree: Tree, prefix: string): UnitInTree[] {
    return findUnits(tree, prefix).read;
}

/** The units that portabled would read from the host, or not find at all. */
export function unreadUnits(tree: Tree, prefix: string): UnreadUnit[] {
    return findUnits(tree, prefix).unread;
}

/** Removes all units with the prefix, including links. Returns their paths. */
export function removeUnits(tree: Tree, prefix: string): string[] {
    const { read, unread } = findUnits(tree, prefix);
    const paths = [...read, ...unread].map(({ path }) => path).sort();
    for (const path of paths) tree.remove(path);
    return paths;
}

function findUnits(tree: Tree, prefix: string): FoundUnits {
    const directories = unitDirectories(tree);
    const read: UnitInTree[] = [];
    const unread: UnreadUnit[] = [];
    for (const [path, own] of tree.sorted()) {
        const rank = directories.indexOf(parentOf(path));
        const name = nameOf(path);
        if (rank < 0 || own.kind === "directory" || unitNameProblem(name, prefix) !== undefined) continue;
        const found = own.kind === "symlink" ? linkedUnit(tree, path, own.target) : own;
        if ("what" in found) unread.push({ name, path, ...found });
        else if (found.size <= MAX_UNIT_BYTES) read.push({ name, path, rank, entry: found });
    }
    return { read: read.sort((a, b) => a.rank - b.rank), unread };
}

/** The directories of units, as paths without symbolic links. */
export function unitDirectories(tree: Tree): string[] {
    return UNIT_DIRECTORIES.map((directory) => tree.lookup(directory)?.path ?? directory);
}

/** Resolves a linked unit. portabled opens units in the mounted image without chroot, so an absolute link leads to the host. */
function linkedUnit(tree: Tree, path: string, target: string): FileEntry | Omit<UnreadUnit, "name" | "path"> {
    const link = `it is a symbolic link to ${target}`;
    const found = tree.lookup(path);
    if (found === undefined)
        return { what: `${link}, a circle of symbolic links`, todo: "Put the unit file itself there" };
    if (found.leavesRoot) {
        return {
            what: `${link}, which portabled would follow on the host: an absolute link, or one that leads out of the image`,
            todo: "Put the unit file itself there, or a relative link to it in the image",
        };
    }
    if (found.entry?.kind === "file") return found.entry;
    return found.entry === undefined
        ? { what: `${link}, and the image has no such file`, todo: "Add the file, or remove the link" }
        : { what: `${link}, which is a directory`, todo: "Let it lead to a unit file, or remove it" };
}

/** Texts of the attached units by name. */
export async function treeUnits(tree: Tree, prefix: string): Promise<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const { name, entry } of unitFiles(tree, prefix)) {
        if (!Object.hasOwn(texts, name)) texts[name] = await readText(entry);
    }
    return texts;
}
