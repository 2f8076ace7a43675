import { readText } from "../tree/content";
import { isIn, parentOf } from "../tree/paths";
import type { Tree } from "../tree/tree";

/** Directories of libraries that Debian's C library has built in besides the usual ones ("Multiarch"). */
const TRIPLETS = [
    "x86_64-linux-gnu",
    "aarch64-linux-gnu",
    "arm-linux-gnueabihf",
    "i386-linux-gnu",
    "powerpc64le-linux-gnu",
    "riscv64-linux-gnu",
    "s390x-linux-gnu",
];

/** Directories that a loader searches when nothing else says where (ld.so(8)). */
export async function libraryDirectories(tree: Tree, loader: string): Promise<string[]> {
    const builtIn = [
        ...TRIPLETS.flatMap((each) => [`/lib/${each}`, `/usr/lib/${each}`]),
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
    ];
    // musl has /usr/local/lib built in; Nix's C library has its own directory.
    const own = [parentOf(tree.lookup(loader)?.path ?? loader)];
    const isMusl = /\/ld-musl-[^/]*$/.test(loader);
    return [...(isMusl ? await muslPath(tree, loader) : await configured(tree)), ...builtIn, "/usr/local/lib", ...own];
}

async function muslPath(tree: Tree, loader: string): Promise<string[]> {
    const name = loader.slice(loader.lastIndexOf("/") + 1).replace(/\.so\.1$/, ".path");
    return lines(tree, `/etc/${name}`).then((all) => all.flatMap((line) => line.split(":")));
}

/** Of ldconfig(8): they count through its cache only. */
async function configured(tree: Tree): Promise<string[]> {
    if (tree.lookup("/etc/ld.so.cache")?.entry?.kind !== "file") return [];
    return readConfiguration(tree, "/etc/ld.so.conf", 0);
}

async function readConfiguration(tree: Tree, file: string, depth: number): Promise<string[]> {
    const directories: string[] = [];
    for (const line of depth > 8 ? [] : await lines(tree, file)) {
        const pattern = /^include\s+(\S+)/.exec(line)?.[1];
        if (pattern === undefined) {
            if (line.startsWith("/")) directories.push(line.replace(/\/+$/, ""));
            continue;
        }
        const whole = pattern.startsWith("/") ? pattern : `${parentOf(file)}/${pattern}`;
        const [directory, name] = [parentOf(whole), whole.slice(whole.lastIndexOf("/") + 1)];
        const matches = new RegExp(
            `^${name
                .replace(/[.+^${}()|[\]\\]/g, "\\$&")
                .replaceAll("*", ".*")
                .replaceAll("?", ".")}$`,
        );
        for (const [path] of tree.sorted()) {
            if (path === directory || !isIn(path, directory) || parentOf(path) !== directory) continue;
            if (matches.test(path.slice(directory.length + 1)))
                directories.push(...(await readConfiguration(tree, path, depth + 1)));
        }
    }
    return directories;
}

async function lines(tree: Tree, path: string): Promise<string[]> {
    const entry = tree.lookup(path)?.entry;
    if (entry?.kind !== "file") return [];
    return (await readText(entry))
        .split("\n")
        .map((line) => line.replace(/#.*/, "").trim())
        .filter((line) => line !== "");
}
