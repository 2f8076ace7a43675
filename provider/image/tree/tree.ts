import { createHash } from "node:crypto";
import { sha256 } from "../../digest";
import type { Sentence } from "../../errors";
import { type Followed, followLinksNow, nameOf, parentOf } from "./paths";

/** Where the bytes of a file are: in memory, in a local file, or in a local squashfs. */
export type Content =
    | { bytes: Buffer }
    /** `offset`: position of the first byte in the file; default 0. */
    | { localPath: string; offset?: number }
    | { image: string; path: string };

export interface FileEntry {
    kind: "file";
    /** Permission bits, 0 to 0o7777. */
    mode: number;
    size: number;
    /** Hexadecimal SHA-256. */
    sha256: string;
    content: Content;
}

export interface DirectoryEntry {
    kind: "directory";
    mode: number;
    /** Whether it was only added as a parent of another entry. */
    implied?: boolean;
}

export interface SymlinkEntry {
    kind: "symlink";
    target: string;
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry;

export function textEntry(text: string, mode = 0o644): FileEntry {
    const bytes = Buffer.from(text);
    return { kind: "file", mode, size: bytes.length, sha256: sha256(bytes), content: { bytes } };
}

/** The files of an image by absolute path. Parents of all entries are in it, as directories. */
export class Tree {
    /** Cached digest and order, until an entry is added or removed. */
    private computed: { digest?: string; sorted?: [string, Entry][] } = {};
    private readonly entries = new Map<string, Entry>([["/", { kind: "directory", mode: 0o755, implied: true }]]);

    /** A copy that can be changed independently. */
    copy(): Tree {
        const copy = new Tree();
        for (const [path, entry] of this.entries) copy.entries.set(path, entry);
        return copy;
    }

    get(path: string): Entry | undefined {
        return this.entries.get(path);
    }

    /** Adds an entry and its parents. If another entry is in the way, changes nothing and returns the problem. */
    add(path: string, entry: Entry): Sentence | undefined {
        this.computed = {};
        const existing = this.entries.get(path);
        if (existing !== undefined) {
            const merges = existing.kind === "directory" && entry.kind === "directory";
            if (!merges) {
                return existing.kind === "directory"
                    ? {
                          what: `${path} is a directory that holds other files, so it can't be a ${entry.kind} too`,
                          todo: "Remove one of them",
                      }
                    : { what: `${path} is given twice`, todo: "Remove one of them" };
            }
            if (existing.implied) this.entries.set(path, entry);
            return undefined;
        }
        const missing: string[] = [];
        for (let parent = parentOf(path); ; parent = parentOf(parent)) {
            const above = this.entries.get(parent);
            if (above === undefined) {
                missing.push(parent);
                continue;
            }
            if (above.kind === "symlink") {
                return {
                    what: `${path} lies behind the symbolic link ${parent} to ${above.target}`,
                    todo: "Give the path it leads to instead",
                };
            }
            if (above.kind === "file")
                return { what: `${path} can't be there: ${parent} is a file`, todo: "Remove one of them" };
            break;
        }
        for (const parent of missing) this.entries.set(parent, { kind: "directory", mode: 0o755, implied: true });
        this.entries.set(path, entry);
        return undefined;
    }

    /** Removes a file or symbolic link; directories stay, as they may have other entries. */
    remove(path: string): void {
        this.computed = {};
        if (this.entries.get(path)?.kind !== "directory") this.entries.delete(path);
    }

    /**
     * Resolves a path, with absolute symbolic links below the image's root. `entry` is undefined if there is none; `path` is then
     * resolved as far as it exists. Returns undefined for a circle of links.
     */
    lookup(path: string): (Followed & { entry: Entry | undefined }) | undefined {
        const found = followLinksNow(path, (linkPath) => {
            const entry = this.entries.get(linkPath);
            return entry && (entry.kind === "symlink" ? entry : {});
        });
        return found && { ...found, entry: this.entries.get(found.path) };
    }

    /** Sorted names in a directory; empty if it doesn't exist. */
    names(directory: string): string[] {
        const found: string[] = [];
        for (const path of this.entries.keys()) {
            if (path !== "/" && parentOf(path) === directory) found.push(nameOf(path));
        }
        return found.sort();
    }

    /** Entries with parents first, in an order that doesn't depend on the machine. */
    sorted(): readonly [string, Entry][] {
        this.computed.sorted ??= [...this.entries].sort(([a], [b]) => (a < b ? -1 : 1));
        return this.computed.sorted;
    }

    /** Hexadecimal SHA-256 over paths, kinds, permissions and contents. */
    digest(): string {
        this.computed.digest ??= digestOf(this.sorted());
        return this.computed.digest;
    }

    /** Total size of all files. */
    get sizeBytes(): number {
        let sum = 0;
        for (const entry of this.entries.values()) sum += entry.kind === "file" ? entry.size : 0;
        return sum;
    }
}

/** Lines are hashed in pieces of about this length: single lines would cost time, all lines at once memory. */
const PIECE_LENGTH = 1 << 16;

function digestOf(entries: readonly [string, Entry][]): string {
    const hash = createHash("sha256");
    let piece = "";
    for (const [index, [path, entry]] of entries.entries()) {
        const parts =
            entry.kind === "symlink" ? [entry.target] : [entry.mode, entry.kind === "file" ? entry.sha256 : null];
        piece += (index === 0 ? "" : "\n") + JSON.stringify([path, entry.kind, ...parts]);
        if (piece.length < PIECE_LENGTH) continue;
        hash.update(piece);
        piece = "";
    }
    return hash.update(piece).digest("hex");
}
