import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { beating, locked } from "./lock";

/** Directories of the store whose entries are directories of {@link kept}. */
export const KEPT_KINDS = ["runtimes", "layers", "downloads"] as const;

/** In each of them: its size in bytes, in decimal. */
export const SIZE_FILE = ".size";

/**
 * A directory in the local store for what is costly to make: absolute path of `kind/key`, which appears complete or
 * not at all, is never changed, and has as its time of change when it was last used. `make` fills the directory that
 * it gets. `key` is a file name and tells all that `make` depends on.
 */
export async function kept(
    storeDirectory: string,
    kind: (typeof KEPT_KINDS)[number],
    key: string,
    make: (directory: string) => Promise<void>,
    signal?: AbortSignal,
): Promise<string> {
    const home = path.join(storeDirectory, kind, key);
    if (await isThere(home)) return home;
    const lock = path.join(storeDirectory, "locks", `${kind}-${key}`);
    await locked(
        lock,
        async () => {
            if (!(await isThere(home))) await makeWhole(storeDirectory, home, make);
        },
        signal,
    );
    return home;
}

async function makeWhole(storeDirectory: string, home: string, make: (directory: string) => Promise<void>) {
    const temporary = path.join(storeDirectory, "building", `kept-${randomBytes(6).toString("hex")}`);
    // What images are made of may be for this user alone.
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    try {
        await beating(temporary, () => make(temporary));
        await writeFile(path.join(temporary, SIZE_FILE), String(await bytesIn(temporary)));
        await mkdir(path.dirname(home), { recursive: true, mode: 0o700 });
        await rename(temporary, home);
    } catch (error) {
        // Another process may have been faster: what it made is the same.
        if (!["EEXIST", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    } finally {
        await rm(temporary, { recursive: true, force: true });
    }
}

async function bytesIn(directory: string): Promise<number> {
    let sum = 0;
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) sum += (await stat(path.join(entry.parentPath, entry.name))).size;
    }
    return sum;
}

async function isThere(home: string): Promise<boolean> {
    const now = new Date();
    try {
        await utimes(home, now, now);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
        throw error;
    }
}
