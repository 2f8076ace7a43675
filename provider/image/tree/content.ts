import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import type { FileEntry } from "./tree";

/** Size limit of a file in a packed image, which is read as a whole. */
const MAX_PACKED_BYTES = 2 ** 31;

/** Where the bytes of a file are. `size` is needed if they are a part of a local file. */
type ReadableEntry = Pick<FileEntry, "content"> & Partial<Pick<FileEntry, "size">>;

/** Calls `use` with a function that reads parts of a file. */
export async function readingContent<T>(
    { content, size }: ReadableEntry,
    use: (readAt: ReadAt) => Promise<T>,
): Promise<T> {
    if ("bytes" in content) return use(within(content.bytes));
    if ("image" in content) return use(within(await catPacked(content)));
    const { localPath, offset: start = 0 } = content;
    const handle = await open(localPath);
    try {
        const end = size === undefined ? (await handle.stat()).size : start + size;
        return await use(async (offset, length) => {
            // The length may come from a damaged file and exceed the memory.
            const bytes = Buffer.alloc(Math.max(0, Math.min(length, end - start - offset)));
            return bytes.subarray(0, (await handle.read(bytes, 0, bytes.length, start + offset)).bytesRead);
        });
    } finally {
        await handle.close();
    }
}

/** The first bytes of a file as text. */
export function readText(entry: ReadableEntry, maxBytes = 1 << 20): Promise<string> {
    return readingContent(entry, async (readAt) => (await readAt(0, maxBytes)).toString("utf8"));
}

function within(bytes: Buffer): ReadAt {
    return async (offset, length) => bytes.subarray(offset, offset + length);
}

/** Reads a file from a squashfs (unsquashfs(1), -cat, in whose paths backslashes must be escaped). */
async function catPacked({ image, path }: { image: string; path: string }): Promise<Buffer> {
    const { stdout } = await promisify(execFile)(
        "unsquashfs",
        ["-no-progress", "-cat", image, path.slice(1).replaceAll("\\", "\\\\")],
        {
            encoding: "buffer",
            maxBuffer: MAX_PACKED_BYTES,
        },
    );
    return stdout;
}

/** Reads bytes of a file from an offset, at most `length`. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;
