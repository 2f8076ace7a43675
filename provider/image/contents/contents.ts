import { printable } from "../../format";
import { parentOf } from "../tree/paths";
import type { Entry, Tree } from "../tree/tree";
import { fileLines } from "./file-lines";
import { PACKAGE_LISTS, packageLines, packagesOf } from "./packages";
import { counted, sizeText } from "./size";

/** Bump when the form of the lines changes. The diff of every image shows that, so it should change rarely. */
export const CONTENTS_VERSION = 2;

/** Maximum number of lines for files: a reviewer wouldn't read more. */
const MAX_FILE_LINES = 40;
const MAX_PACKAGE_LINES = 200;

/**
 * The contents of an image as short lines by path or package, whose diff shows what was added, removed and changed, with sizes. A
 * directory of many files is one line. The same tree results in the same lines on every machine.
 */
export async function contentsOf(
    tree: Tree,
    shownElsewhere: ReadonlySet<string> = new Set(),
): Promise<Record<string, string>> {
    const packages = await packagesOf(tree);
    const directories = new Set(packages.flatMap(({ directory }) => directory ?? []));
    const lists = new Set<string>(Object.values(PACKAGE_LISTS));
    const sizes = new Map<string, number>();
    const loose: [string, Entry][] = [];
    let [files, bytes] = [0, 0];
    const all = tree.sorted();
    const parents = new Set(all.map(([path]) => parentOf(path)));
    for (const [path, entry] of all) {
        if (shownElsewhere.has(path) || path === "/" || (entry.kind === "directory" && parents.has(path))) continue;
        const holder = holderOf(path, directories);
        const size = entry.kind === "file" ? entry.size : 0;
        if (entry.kind === "file") files++;
        bytes += size;
        if (lists.has(path)) continue;
        if (holder === undefined) loose.push([path, entry]);
        else sizes.set(holder, (sizes.get(holder) ?? 0) + size);
    }
    const lines = [
        ...packageLines(packages, (directory) => sizes.get(directory) ?? 0, MAX_PACKAGE_LINES),
        ...fileLines(loose, MAX_FILE_LINES),
        ["total", `${counted(files, "file")}, ${sizeText(bytes)}`] as [string, string],
    ];
    const sorted = lines.sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([path, text]) => [printable(path), printable(text)]));
}

/** The innermost package directory that contains the path. */
function holderOf(path: string, directories: ReadonlySet<string>): string | undefined {
    if (directories.size === 0) return undefined;
    for (let ancestor = path; ancestor !== "/"; ancestor = parentOf(ancestor))
        if (directories.has(ancestor)) return ancestor;
    return undefined;
}
