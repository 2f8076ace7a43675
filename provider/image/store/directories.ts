import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { beating, locked } from "./lock";
import { moveIntoPlace, unlessAbsent } from "./write";

/** Directories of the store whose entries are made by {@link directoryInStore}. */
export const DIRECTORY_KINDS = ["runtimes", "layers", "downloads"] as const;

/** Name of the file with the directory's size in bytes, in decimal. */
export const SIZE_FILE = ".size";

/**
 * The path of a directory `kind/key` in the local store, for data that is costly to make. It appears completely or not at all and
 * is never changed; its modification time is the time of its last use. `make` fills the directory that it gets. `key` is a file
 * name that covers all inputs of `make`.
 */
export async function directoryInStore(
    storeDirectory: string,
    kind: (typeof DIRECTORY_KINDS)[number],
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
            if (await isThere(home)) return;
            await makeDirectory(storeDirectory, home, `${kind}-${key.slice(0, 80)}`, async (directory) => {
                await make(directory);
                await writeFile(path.join(directory, SIZE_FILE), String(await bytesIn(directory)));
            });
        },
        signal,
    );
    return home;
}

/**
 * Makes a directory that appears completely or not at all, under a unique name in `building` first. If another process has made it
 * meanwhile, that one is kept if it is usable.
 */
export async function makeDirectory(
    storeDirectory: string,
    place: string,
    name: string,
    fill: (directory: string) => Promise<void>,
    isUsable: () => Promise<boolean> = async () => true,
): Promise<void> {
    const temporary = path.join(storeDirectory, "building", `${name}-${randomBytes(6).toString("hex")}`);
    // The contents may be confidential, so only this user can read them.
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    try {
        await beating(temporary, () => fill(temporary));
        if ((await moveIntoPlace(temporary, place)) || (await isUsable())) return;
        await rm(place, { recursive: true, force: true });
        await rename(temporary, place);
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
    return utimes(home, now, now).then(
        () => true,
        (error) => unlessAbsent(error) ?? false,
    );
}
