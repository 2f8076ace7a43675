import { open } from "node:fs/promises";
import { type Duplex, PassThrough } from "node:stream";
import zlib from "node:zlib";
import { LocalProblem } from "../../tree/local-files";
import { zstdDecompressor } from "./zstd";
import { isFrame } from "./zstd-frames";

export type Compression = "none" | "gzip" | "zstd";

/** Recognizes a compression by the first bytes: RFC 1952 (gzip) and RFC 8878 (zstd). */
export function compressionBy(head: Buffer): Compression {
    if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return "gzip";
    if (isFrame(head)) return "zstd";
    const other = OTHERS.find(([magic]) => head.toString("latin1").startsWith(magic))?.[1];
    if (other !== undefined) {
        throw new LocalProblem({
            what: `The image is compressed by ${other}, and only gzip and zstd are read`,
            todo: "Unpack it, or save the image again",
        });
    }
    return "none";
}

const OTHERS: [magic: string, name: string][] = [
    ["\xfd7zXZ", "xz"],
    ["BZh", "bzip2"],
];

/** Number of first bytes that {@link compressionBy} needs. */
export const HEAD_BYTES = 6;

export async function compressionOf(file: string): Promise<Compression> {
    const handle = await open(file);
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
        return compressionBy(buffer.subarray(0, bytesRead));
    } finally {
        await handle.close();
    }
}

/** A stream that decompresses bytes. */
export function decompressor(compression: Compression): Duplex {
    if (compression === "none") return new PassThrough();
    return compression === "gzip" ? zlib.createGunzip() : zstdDecompressor();
}
