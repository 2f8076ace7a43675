import { createHash } from "node:crypto";
import { type BigIntStats, closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import path from "node:path";
import pLimit from "p-limit";
import { sha256 } from "../../digest";
import { problemText, type Sentence } from "../../errors";
import { type Archive, Asset } from "../../schema/values";
import type { DigestCache } from "../store/digest-cache";
import { userStore } from "../store/user-store";
import { join } from "./paths";
import { type DirectoryEntry, type FileEntry, type SymlinkEntry, textEntry } from "./tree";

/** Why a local file can't be used. */
export class LocalProblem extends Error {
    constructor(readonly problem: Sentence) {
        super(problemText(problem));
    }
}

/** The absolute path of a declared local path. */
export function absolute(written: string, programDirectory: string): string {
    return path.resolve(programDirectory, written);
}

/** Hashes a file. `mode` is the declared mode; the default is 0755 if its owner can execute it, otherwise 0644 (as in git). */
export async function localFile(written: string, programDirectory: string, mode?: number): Promise<FileEntry> {
    const localPath = absolute(written, programDirectory);
    return explained(written, localPath, async () => {
        // A synchronous call takes 5 us, one through the thread pool ten times that.
        const status = statSync(localPath, { bigint: true });
        if (status.isDirectory()) {
            throw new LocalProblem({
                what: `'${written}' is a directory, and a file is needed here`,
                todo: "For a whole directory use a FileArchive",
            });
        }
        if (!status.isFile())
            throw new LocalProblem({ what: `'${written}' is not an ordinary file, so it can't be packed` });
        const cache = cacheOf(programDirectory);
        const digest = await cache.digest(localPath, status, () => hashFile(localPath, Number(status.size)));
        return fileEntry(localPath, status, digest, mode);
    });
}

/** Like {@link localFile}, but synchronous, for a regular file that is small or unchanged since it was hashed. */
export function fileNow(localPath: string, cache: DigestCache): FileEntry | undefined {
    const status = statSync(localPath, { bigint: true, throwIfNoEntry: false });
    return status?.isFile() ? fileInState(localPath, status, cache) : undefined;
}

/** A file with this status, if it is small or its digest is known. */
export function fileInState(
    localPath: string,
    status: BigIntStats,
    cache: DigestCache,
    mode?: number,
): FileEntry | undefined {
    const digest = cache.recall(localPath, status) ?? smallDigest(localPath, status, cache);
    return digest === undefined ? undefined : fileEntry(localPath, status, digest, mode);
}

/** Maximum size of files that are read synchronously: through the thread pool they take five times the CPU time. */
const SMALL_BYTES = 64 * 1024;
const small = Buffer.alloc(SMALL_BYTES + 1);

/** Undefined for a file that isn't small, can't be read, or is changing; the asynchronous read then reports the reason. */
function smallDigest(localPath: string, status: BigIntStats, cache: DigestCache): string | undefined {
    if (status.size > SMALL_BYTES) return undefined;
    let handle: number;
    try {
        handle = openSync(localPath, "r");
    } catch {
        return undefined;
    }
    try {
        const length = readSync(handle, small, 0, small.length, 0);
        if (length !== Number(status.size)) return undefined;
        const digest = sha256(small.subarray(0, length));
        cache.remember(localPath, status, digest);
        return digest;
    } finally {
        closeSync(handle);
    }
}

function fileEntry(localPath: string, status: BigIntStats, digest: string, mode: number | undefined): FileEntry {
    return {
        kind: "file",
        mode: mode ?? (status.mode & 0o100n ? 0o755 : 0o644),
        size: Number(status.size),
        sha256: digest,
        content: { localPath },
    };
}

export function cacheOf(programDirectory: string): DigestCache {
    return userStore().digestsOf(programDirectory);
}

/** The text of a local file. */
export async function localText(written: string, programDirectory: string): Promise<string> {
    const localPath = absolute(written, programDirectory);
    return explained(written, localPath, async () => decodeText(written, await readFile(localPath)));
}

function decodeText(written: string, bytes: Buffer): string {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        throw new LocalProblem({ what: `'${written}' is not a text in UTF-8` });
    }
}

/** The text of an asset. */
export async function assetText(asset: Asset, programDirectory: string): Promise<string> {
    const { text, path: written } = asset.source;
    if (text !== undefined) return text;
    return localText(assetPath(asset, written), programDirectory);
}

/** The file of an asset. */
export async function assetFile(asset: Asset, programDirectory: string, mode?: number): Promise<FileEntry> {
    const { text, path: written } = asset.source;
    if (text !== undefined) return textEntry(text, mode);
    return localFile(assetPath(asset, written), programDirectory, mode);
}

function assetPath(asset: Asset | Archive, written: string | undefined): string {
    if (written !== undefined) return written;
    if (asset.source.uri !== undefined) {
        throw new LocalProblem({
            what: `'${asset.source.uri}' is not read from the network`,
            todo: "Download it, and give the file",
        });
    }
    throw new Error("an asset without its content reached the image builder");
}

/** The entries of a directory (a FileArchive or an AssetArchive) by relative path, without the directory itself. */
export async function archiveEntries(
    archive: Archive,
    programDirectory: string,
): Promise<Map<string, FileEntry | DirectoryEntry | SymlinkEntry>> {
    const found = new Map<string, FileEntry | DirectoryEntry | SymlinkEntry>();
    const { assets } = archive.source;
    if (assets === undefined) {
        const cache = cacheOf(programDirectory);
        await cache.ready();
        await walk(assetPath(archive, archive.source.path), { programDirectory, cache }, "", found);
        return found;
    }
    for (const [name, part] of Object.entries(assets)) {
        const clean = name.split("/").filter((step) => step !== "" && step !== ".");
        if (clean.length === 0 || clean.includes("..")) {
            throw new LocalProblem({
                what: `'${name}' can't be a path in an AssetArchive`,
                todo: "Give a relative path without '..'",
            });
        }
        const normalized = clean.join("/");
        if (part instanceof Asset) {
            found.set(normalized, await assetFile(part, programDirectory));
            continue;
        }
        found.set(normalized, { kind: "directory", mode: 0o755 });
        for (const [below, entry] of await archiveEntries(part, programDirectory))
            found.set(`${normalized}/${below}`, entry);
    }
    return found;
}

/** Limits concurrently open files to a number that hides the latency of a disk. */
const limit = pLimit(8);

async function walk(
    written: string,
    { programDirectory, cache }: { programDirectory: string; cache: DigestCache },
    prefix: string,
    found: Map<string, FileEntry | DirectoryEntry | SymlinkEntry>,
): Promise<void> {
    const directory = absolute(written, programDirectory);
    const children = await explained(written, directory, async () => {
        if (prefix === "" && !(await stat(directory)).isDirectory()) {
            throw new LocalProblem({
                what: `'${written}' is a file, and a directory is needed here`,
                todo: "Unpack it, or use a FileAsset",
            });
        }
        return readdir(directory, { withFileTypes: true });
    });
    await Promise.all(
        children.map(async (child) => {
            const relativePath = `${prefix}${child.name}`;
            const below = join(written, child.name);
            if (child.name.includes("\uFFFD")) {
                throw new LocalProblem({ what: `'${below}' has a name that isn't UTF-8`, todo: "Rename it" });
            }
            if (child.isDirectory()) {
                found.set(relativePath, { kind: "directory", mode: 0o755 });
                await walk(below, { programDirectory, cache }, `${relativePath}/`, found);
            } else if (child.isSymbolicLink()) {
                found.set(relativePath, { kind: "symlink", target: await readlink(absolute(below, programDirectory)) });
            } else {
                const cached = child.isFile() ? fileNow(join(directory, child.name), cache) : undefined;
                found.set(relativePath, cached ?? (await limit(() => localFile(below, programDirectory))));
            }
        }),
    );
}

async function hashFile(localPath: string, size: number): Promise<string> {
    if (size <= 1 << 20) return sha256(await readFile(localPath));
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(localPath, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return hash.digest("hex");
}

const TODO = "Relative paths start at the program's directory.";

/** The result of `read`. Converts errors that the user can fix, such as a wrong path, to a {@link LocalProblem}. */
export async function explained<T>(written: string, localPath: string, read: () => Promise<T>): Promise<T> {
    try {
        return await read();
    } catch (error) {
        const where = written === localPath ? "" : ` (${localPath})`;
        const { path: failed = localPath } = error as NodeJS.ErrnoException;
        switch ((error as NodeJS.ErrnoException).code) {
            case "ENAMETOOLONG":
                throw new LocalProblem({
                    what: `'${written.slice(0, 80)}' has a path that is too long for this machine: a name of more than 255 bytes, or directories within directories for more than 4,095`,
                    todo: "Shorten it",
                });
            case "ENOENT":
                if (failed !== localPath)
                    throw new LocalProblem({
                        what: `'${failed}' went while it was read`,
                        todo: "Let its build finish, and run it again",
                    });
                throw new LocalProblem({
                    what: `There is no '${written}'${where}`,
                    todo: `Make it, or correct the path. ${TODO}`,
                });
            case "ENOTDIR":
                throw new LocalProblem({
                    what: `A part of the path '${written}'${where} is a file`,
                    todo: `Correct the path. ${TODO}`,
                });
            case "EACCES":
            case "EPERM":
                throw new LocalProblem({
                    what: `'${written}'${where} may not be read by this user`,
                    todo: "Change its permissions",
                });
            case "ELOOP":
                throw new LocalProblem({ what: `'${written}'${where} is a circle of symbolic links` });
            default:
                throw error;
        }
    }
}
