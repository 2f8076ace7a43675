import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Writes a file of the store, which other processes see completely or not at all. Its content can be computed again, so a failure
 * only costs time.
 */
export async function writeWholeOrNot(file: string, content: string | Iterable<string>): Promise<void> {
    const temporary = `${file}.${randomBytes(6).toString("hex")}.new`;
    try {
        // The store may have confidential content.
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(temporary, content, { mode: 0o600 });
        await rename(temporary, file);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        await rm(temporary, { force: true }).catch(() => {});
    }
}

/** Moves a complete directory to its path. Returns false if another process has made it meanwhile. */
export async function moveIntoPlace(temporary: string, place: string): Promise<boolean> {
    await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
    try {
        await rename(temporary, place);
        return true;
    } catch (error) {
        if (!["EEXIST", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        return false;
    }
}

/** Handler for `catch` that returns undefined if there is no such file. */
export function unlessAbsent(error: NodeJS.ErrnoException): undefined {
    if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    return undefined;
}
