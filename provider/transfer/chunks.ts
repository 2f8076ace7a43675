import { hash } from "node:crypto";
import { open } from "node:fs/promises";

/**
 * A part of a file whose limits depend on its content, so that bytes inserted before it move it without changing it.
 */
export interface Chunk {
    /** In bytes. */
    length: number;
    /** The first 96 bits of its SHA-256 in base64url: enough to find the chunk, but not to verify it. */
    hash: string;
}

/** Smallest mean chunk size. One changed byte costs one or two chunks of upload. */
const SMALLEST_MEAN_BYTES = 16 * 1024;
/** Limits the index to about 180 KB. */
const MOST_CHUNKS = 8192;
/** Bytes to read at once; cutting them takes a few milliseconds. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Number of last bytes that the rolling hash depends on, as each byte shifts it by one bit. */
const HASHED_BYTES = 32;

/** Cuts a local file into chunks by {@link cut}. */
export async function chunksOfFile(file: string): Promise<Chunk[]> {
    const handle = await open(file);
    try {
        const { size } = await handle.stat();
        return await cut(size, async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead);
    } finally {
        await handle.close();
    }
}

/**
 * Cuts `sizeBytes` bytes where a gear hash of the last ones has a run of zeros (after FastCDC: Xia et al., USENIX ATC
 * 2016). The mean of 16 KiB grows with the size, in powers of two. `read` fills a buffer from a position of the file on, and
 * returns the number of bytes.
 */
export async function cut(
    sizeBytes: number,
    read: (into: Uint8Array, position: number) => Promise<number>,
): Promise<Chunk[]> {
    let mean = SMALLEST_MEAN_BYTES;
    while (sizeBytes / mean > MOST_CHUNKS) mean *= 2;
    const least = mean / 4;
    const most = mean * 4;
    // The upper bits depend on the most bytes.
    const mask = ~(0xffffffff >>> Math.round(Math.log2(mean - least)));
    const window = new Uint8Array(Math.min(sizeBytes, Math.max(most, WINDOW_BYTES)));
    const chunks: Chunk[] = [];
    let begin = 0;
    let end = 0;
    for (let position = 0; ; ) {
        if (end - begin < most && position < sizeBytes) {
            window.copyWithin(0, begin, end);
            end -= begin;
            begin = 0;
            const bytesRead = await read(window.subarray(end), position);
            if (bytesRead === 0) throw new Error(`it ended at ${position} of ${sizeBytes} bytes`);
            end += bytesRead;
            position += bytesRead;
            continue;
        }
        if (begin === end) return chunks;
        const length = chunkLength(window, begin, Math.min(end, begin + most), least, mask);
        chunks.push({ length, hash: hashOf(window.subarray(begin, begin + length)) });
        begin += length;
    }
}

function chunkLength(bytes: Uint8Array, begin: number, end: number, least: number, mask: number): number {
    let gear = 0;
    for (let index = begin + least - HASHED_BYTES; index < end; index++) {
        gear = ((gear << 1) + (GEAR[bytes[index] as number] as number)) | 0;
        if ((gear & mask) === 0 && index >= begin + least) return index + 1 - begin;
    }
    return end - begin;
}

function hashOf(bytes: Uint8Array): string {
    return hash("sha256", bytes, "base64url").slice(0, 16);
}

/** A random number for each byte value. Changing them would change all cuts, so that stored indexes would be useless. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => hash("sha256", `gear ${byte}`, "buffer").readInt32LE());

/** A line `LENGTH HASH` for each chunk, in the order of the file. */
export function indexText(chunks: readonly Chunk[]): string {
    return chunks.map(({ length, hash }) => `${length} ${hash}\n`).join("");
}

/** Parses an index up to the first malformed line, since it may be truncated. */
export function parseIndex(text: string): Chunk[] {
    const chunks: Chunk[] = [];
    for (const line of text.split("\n")) {
        const space = line.indexOf(" ");
        const length = Number(line.slice(0, space));
        if (!(length > 0) || line.length !== space + 17) break;
        chunks.push({ length, hash: line.slice(space + 1) });
    }
    return chunks;
}
