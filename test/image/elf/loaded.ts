import { sha256 } from "../../../provider/digest";
import { elfOf, imageLoader } from "../../../provider/image/checks/libraries";
import { type FileEntry, Tree, textEntry } from "../../../provider/image/tree/tree";
import { type ElfParts, elfFile } from "./elf-file";

/** Files by path: parts of an ELF file, `-> TARGET` for a symbolic link, or a text. */
export type Files = Record<string, ElfParts | string>;

export const GLIBC = "/lib64/ld-linux-x86-64.so.2";
export const MUSL = "/lib/ld-musl-x86_64.so.1";
export const NIX = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-glibc-2.40/lib/ld-linux-x86-64.so.2";
export const ARM64 = { machine: 183 };

export function entryOf(bytes: Buffer): FileEntry {
    return { kind: "file", mode: 0o755, size: bytes.length, sha256: sha256(bytes), content: { bytes } };
}

export function treeOf(files: Files): Tree {
    const tree = new Tree();
    for (const [path, part] of Object.entries(files)) {
        if (typeof part !== "string") tree.add(path, entryOf(elfFile(part)));
        else if (part.startsWith("-> ")) tree.add(path, { kind: "symlink", target: part.slice(3) });
        else tree.add(path, textEntry(part));
    }
    return tree;
}

/** Loads /usr/bin/app. Returns the paths of its libraries in load order, and missing ones as `?NAME`. */
export async function loaded(interpreter: string, program: ElfParts, files: Files, libraryPath: string[] = []) {
    const tree = treeOf({ [interpreter]: {}, "/usr/bin/app": { interpreter, ...program }, ...files });
    const place = tree.lookup("/usr/bin/app");
    const entry = place?.entry as FileEntry;
    const elf = await elfOf(entry);
    if (place === undefined || elf === undefined) throw new Error("/usr/bin/app is no program");
    const file = { path: place.path, content: entry.content, entry };
    const loader = imageLoader(tree, (library) => elfOf(library.entry));
    const app = { name: "app", path: "/usr/bin/app", file, elf, isConfigured: false };
    const { libraries, missing } = await loader.load(app, { libraryPath });
    return [...libraries.map((library) => library.path), ...missing.map(({ name }) => `?${name}`)];
}

export type Row = [title: string, program: ElfParts, files: Files, expected: string[], libraryPath?: string[]];

export const a = (parts: ElfParts = {}) => ({ needed: ["liba.so"], ...parts });
export const b = { needed: ["libb.so"] };
