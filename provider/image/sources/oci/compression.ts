import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { Duplex, PassThrough } from "node:stream";
import zlib from "node:zlib";
import { LocalProblem } from "../../tree/local-files";

export type Compression = "none" | "gzip" | "zstd";

/** By the first bytes: RFC 1952 (gzip) and RFC 8878 (zstd). */
export function compressionBy(head: Buffer): Compression {
    if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return "gzip";
    if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return "zstd";
    return "none";
}

export async function compressionOf(file: string): Promise<Compression> {
    const handle = await open(file);
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
        return compressionBy(buffer.subarray(0, bytesRead));
    } finally {
        await handle.close();
    }
}

/** Turns compressed bytes into what they were. */
export function decompressor(compression: Compression): Duplex {
    if (compression === "none") return new PassThrough();
    if (compression === "gzip") return zlib.createGunzip();
    // Since Node.js 22.15.
    const native = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress;
    return native?.() ?? zstdProgram();
}

function zstdProgram(): Duplex {
    const child = spawn("zstd", ["-dcq"], { stdio: ["pipe", "pipe", "pipe"] });
    const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-1000);
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
        stream.destroy(
            error.code === "ENOENT"
                ? new LocalProblem(
                      "The image is compressed by zstd. Install it (`apt install zstd`), or run Node.js 22.15 or later.",
                  )
                : error,
        );
    });
    child.once("close", (code) => {
        if (code !== 0) stream.destroy(new Error(said.trim() || `zstd failed with exit status ${code}`));
    });
    return stream;
}
