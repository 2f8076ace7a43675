import { sha256 } from "../../digest";
import { parentOf } from "../tree/paths";
import type { Entry } from "../tree/tree";
import { counted, sizeText } from "./size";

/** Number of hexadecimal digits: enough to distinguish successive versions of a file. */
const DIGEST_LENGTH = 8;

/**
 * How far directories are expanded: one with more children than `width`, or from `depth` on, is one line. The first view that
 * results in few enough lines is used, so that a small change of an image rarely changes its view.
 */
const VIEWS: readonly { width: number; depth: number }[] = [
    { width: 64, depth: 64 },
    { width: 32, depth: 64 },
    { width: 16, depth: 64 },
    { width: 8, depth: 64 },
    { width: 8, depth: 4 },
    { width: 8, depth: 3 },
    { width: 8, depth: 2 },
    { width: 40, depth: 1 },
];

interface Directory {
    kind: "group";
    children: Map<string, Directory | Entry>;
    files: number;
    bytes: number;
}

/** A line for each file, or for a directory of many: `/usr/bin/hello`: `0755, 15.7 KB, 3fa9c1d2`. */
export function fileLines(leaves: readonly [string, Entry][], maxLines: number): [string, string][] {
    const root = grouped(leaves);
    for (const view of VIEWS) {
        const lines = linesOf(root, "/", view, 0);
        if (lines.length <= maxLines) return lines;
    }
    return [groupLine(root, "/")];
}

function grouped(leaves: readonly [string, Entry][]): Directory {
    const empty = (): Directory => ({ kind: "group", children: new Map(), files: 0, bytes: 0 });
    const groups = new Map<string, Directory>([["/", empty()]]);
    const groupOf = (path: string): Directory => {
        const existing = groups.get(path);
        if (existing !== undefined) return existing;
        const group = empty();
        groups.set(path, group);
        groupOf(parentOf(path)).children.set(path, group);
        return group;
    };
    for (const [path, entry] of leaves) {
        groupOf(parentOf(path)).children.set(path, entry);
        for (let ancestor = parentOf(path); ; ancestor = parentOf(ancestor)) {
            const group = groups.get(ancestor) as Directory;
            group.files++;
            group.bytes += entry.kind === "file" ? entry.size : 0;
            if (ancestor === "/") break;
        }
    }
    return groups.get("/") as Directory;
}

function linesOf(group: Directory, path: string, view: (typeof VIEWS)[number], depth: number): [string, string][] {
    if (group.files > 1 && (group.children.size > view.width || depth >= view.depth)) return [groupLine(group, path)];
    return [...group.children].flatMap(([child, part]): [string, string][] =>
        part.kind === "group" ? linesOf(part, child, view, depth + 1) : [[child, entryText(part)]],
    );
}

function groupLine(group: Directory, path: string): [string, string] {
    const parts: string[] = [];
    const add = ({ children }: Directory) => {
        for (const [child, part] of children) {
            if (part.kind === "group") add(part);
            else parts.push(`${child}\0${entryText(part, 64)}`);
        }
    };
    add(group);
    const digest = sha256(parts.sort().join("\n")).slice(0, DIGEST_LENGTH);
    return [path === "/" ? path : `${path}/`, `${counted(group.files, "file")}, ${sizeText(group.bytes)}, ${digest}`];
}

function entryText(entry: Entry, digestLength = DIGEST_LENGTH): string {
    if (entry.kind === "symlink") return `-> ${entry.target}`;
    const mode = entry.mode.toString(8).padStart(4, "0");
    if (entry.kind === "directory") return entry.mode === 0o755 ? "empty directory" : `empty directory, ${mode}`;
    const parts = [sizeText(entry.size), entry.sha256.slice(0, digestLength)];
    return (entry.mode === 0o644 ? parts : [mode, ...parts]).join(", ");
}
