import { LocalProblem } from "../../tree/local-files";
import { followLinksNow, isIn, join, nameOf, parentOf, stepsOf } from "../../tree/paths";
import { type Entry, Tree } from "../../tree/tree";
import type { Change } from "./layer";

const SETUID = 0o4000;

type Node = { kind: "directory"; mode: number; user: number; children: Map<string, Node> } | Leaf;
type Leaf = Exclude<Change, { kind: "directory" | "link" | "removed" | "emptied" }>;
type Directory = Extract<Node, { kind: "directory" }>;

/**
 * Merges all layers, the lowest first, to the tree that a container would have. Everything belongs to root in the image, as
 * services run as users that aren't known in it. What another user than root could read, and its owner could read below
 * `workingDirectory`, becomes readable for everyone.
 */
export function flatten(layers: readonly Change[][], workingDirectory: string): Tree {
    const root: Directory = { kind: "directory", mode: 0o755, user: 0, children: new Map() };
    for (const changes of layers) {
        // Otherwise a removal below a directory would follow the link that the directory replaces.
        for (const change of changes) if (change.kind === "directory") replaceLink(root, change.path);
        // Removals come first, as they only concern the layers below, in any position.
        for (const change of changes) {
            if (change.kind === "removed") find(root, parentOf(change.path))?.children.delete(nameOf(change.path));
            if (change.kind === "emptied") find(root, change.path)?.children.clear();
        }
        for (const change of changes) apply(root, change);
    }
    const tree = new Tree();
    collect(root, "/", workingDirectory, tree);
    return tree;
}

function replaceLink(root: Directory, path: string): void {
    const siblings = find(root, parentOf(path))?.children;
    if (siblings?.get(nameOf(path))?.kind === "symlink")
        siblings.set(nameOf(path), { kind: "directory", mode: 0o755, user: 0, children: new Map() });
}

function apply(root: Directory, change: Change): void {
    if (change.kind === "removed" || change.kind === "emptied") return;
    if (change.path === "/") return;
    const parent = makeDirectory(root, parentOf(change.path));
    const name = nameOf(change.path);
    if (change.kind === "directory") {
        const there = parent.children.get(name);
        const children = there?.kind === "directory" ? there.children : new Map<string, Node>();
        const { mode, user } = change;
        parent.children.set(name, { kind: "directory", mode, user, children });
    } else if (change.kind === "link") {
        const target = find(root, parentOf(change.target))?.children.get(nameOf(change.target));
        if (target === undefined || target.kind === "directory") {
            throw new LocalProblem({
                what: `The image is damaged: its layers have a hard link from ${change.path} to ${change.target}, and there is no such file`,
                todo: "Save or fetch it again",
            });
        }
        parent.children.set(name, target);
    } else parent.children.set(name, change);
}

/** The directory at a path, with symbolic links followed; undefined if there is none. */
function find(root: Directory, path: string): Directory | undefined {
    return walk(root, path, () => undefined);
}

/** The directory at a path, with links followed; missing directories are made, and files in the way are replaced. */
function makeDirectory(root: Directory, path: string): Directory {
    const made = walk(root, path, (missing) => {
        const directory: Directory = { kind: "directory", mode: 0o755, user: 0, children: new Map() };
        directoryAt(root, parentOf(missing))?.children.set(nameOf(missing), directory);
        return directory;
    });
    if (made === undefined) throw new LocalProblem({ what: `The image has a circle of symbolic links at ${path}` });
    return made;
}

function walk(root: Directory, path: string, absent: (path: string) => Directory | undefined): Directory | undefined {
    const found = followLinksNow(path, (linkPath) => {
        const node = directoryAt(root, parentOf(linkPath))?.children.get(nameOf(linkPath));
        if (node?.kind === "symlink") return node;
        return (node?.kind === "directory" ? node : absent(linkPath)) && {};
    });
    return found?.exists ? directoryAt(root, found.path) : undefined;
}

/** The directory at a path without symbolic links. */
function directoryAt(root: Directory, path: string): Directory | undefined {
    let directory: Directory | undefined = root;
    for (const step of stepsOf(path)) {
        const child: Node | undefined = directory?.children.get(step);
        directory = child?.kind === "directory" ? child : undefined;
    }
    return directory;
}

function collect(directory: Directory, path: string, workingDirectory: string, tree: Tree): void {
    for (const [name, node] of [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (node.kind === "special") continue;
        const childPath = join(path, name);
        tree.add(childPath, entryOf(node, childPath, workingDirectory));
        if (node.kind === "directory") collect(node, childPath, workingDirectory, tree);
    }
}

function entryOf(node: Exclude<Node, { kind: "special" }>, path: string, workingDirectory: string): Entry {
    if (node.kind === "symlink") return { kind: "symlink", target: node.target };
    const isOpened =
        node.user !== 0 || (workingDirectory !== "/" && (isIn(path, workingDirectory) || isIn(workingDirectory, path)));
    const opened = isOpened ? node.mode | ((node.mode & 0o500) >> 3) | ((node.mode & 0o500) >> 6) : node.mode;
    // A set-user-ID bit for another user would give root's rights.
    const mode = node.user === 0 ? opened : opened & ~SETUID;
    if (node.kind === "directory") return { kind: "directory", mode };
    const { size, sha256, content } = node;
    return { kind: "file", mode, size, sha256, content };
}
