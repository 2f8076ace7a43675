import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { DIRECTORY_KINDS, SIZE_FILE } from "./directories";
import type { StoreLimits } from "./limits";
import { isDead, lockedOrNot } from "./lock";
import { unlessAbsent } from "./write";

/** An image that was used within this time may still be uploaded to a host. */
const IN_USE_MS = 3_600_000;
const BETWEEN_MS = 3_600_000;
/** Size limit of notes about images and files, which can be computed again. */
const MAX_NOTES_BYTES = 200e6;
/** Directories of the store with such notes. */
const NOTES = ["digests", "inspections"];

/** Prunes the store, once an hour and in one process at a time. */
export async function pruneNowAndThen(directory: string, limits: StoreLimits): Promise<void> {
    const mark = path.join(directory, "collected");
    const last = await stat(mark).catch(unlessAbsent);
    if (last !== undefined && Date.now() - last.mtimeMs < BETWEEN_MS) return;
    await lockedOrNot(path.join(directory, "collect.lock"), async () => {
        await writeFile(mark, "", { mode: 0o600 });
        const now = new Date();
        await utimes(mark, now, now);
        await prune(directory, limits);
    });
}

/**
 * Removes leftovers of killed builds, then images and their parts that weren't used for long, then the least recently used ones,
 * until the rest is within the limit. Each is renamed before it is removed, so that no process finds an incomplete one.
 */
export async function prune(directory: string, limits: StoreLimits): Promise<void> {
    const building = path.join(directory, "building");
    for (const name of await names(building)) {
        const leftover = path.join(building, name);
        if (await isDead(leftover)) await rm(leftover, { recursive: true, force: true });
    }
    const images = await Promise.all(
        (await names(path.join(directory, "images"))).map((name) =>
            sizeOf(path.join(directory, "images", name), "image.raw"),
        ),
    );
    const parts = await Promise.all(
        DIRECTORY_KINDS.map(async (kind) => {
            const all = await names(path.join(directory, kind));
            return Promise.all(all.map((name) => writtenSizeOf(path.join(directory, kind, name))));
        }),
    );
    for (const entry of outdated([...images, ...parts.flat()], limits.maxBytes, limits.maxAgeMs, IN_USE_MS)) {
        const aside = path.join(building, `removed-${randomBytes(6).toString("hex")}`);
        await rename(entry.path, aside).catch(unlessAbsent);
        await rm(aside, { recursive: true, force: true });
    }
    const notes = await Promise.all(
        NOTES.map(async (kind) => {
            const all = await names(path.join(directory, kind));
            return Promise.all(all.map((name) => sizeOf(path.join(directory, kind, name))));
        }),
    );
    for (const note of outdated(notes.flat(), MAX_NOTES_BYTES, limits.maxAgeMs, 0))
        await rm(note.path, { force: true });
}

interface StoredEntry {
    path: string;
    sizeBytes: number;
    usedMs: number;
}

async function sizeOf(file: string, inside = ""): Promise<StoredEntry | undefined> {
    const [status, content] = await Promise.all([
        stat(file).catch(unlessAbsent),
        stat(path.join(file, inside)).catch(unlessAbsent),
    ]);
    return status && { path: file, sizeBytes: content?.size ?? 0, usedMs: status.mtimeMs };
}

/** The entry of a directory of many files, whose size is in {@link SIZE_FILE}. */
async function writtenSizeOf(file: string): Promise<StoredEntry | undefined> {
    const [status, text] = await Promise.all([
        stat(file).catch(unlessAbsent),
        readFile(path.join(file, SIZE_FILE), "utf8").catch(unlessAbsent),
    ]);
    return status && { path: file, sizeBytes: Number(text ?? 0), usedMs: status.mtimeMs };
}

/** Entries to remove: those that are too old, then the oldest until the rest is within the limit; none used in `inUseMs`. */
function outdated(
    all: (StoredEntry | undefined)[],
    maxBytes: number,
    maxAgeMs: number,
    inUseMs: number,
): StoredEntry[] {
    const now = Date.now();
    const newestFirst = all.filter((entry) => entry !== undefined).sort((a, b) => b.usedMs - a.usedMs);
    let sum = 0;
    return newestFirst.filter(({ sizeBytes, usedMs }) => {
        sum += sizeBytes;
        const age = now - usedMs;
        return age >= inUseMs && (age > maxAgeMs || sum > maxBytes);
    });
}

async function names(directory: string): Promise<string[]> {
    return (await readdir(directory).catch(unlessAbsent)) ?? [];
}
