import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { plainEnvironment } from "../../../environment";
import { LocalProblem } from "../../tree/local-files";
import { type FramePart, frameParts } from "./zstd-frames";

/** Maximum size of a frame that is decompressed synchronously: images may have a small frame for each file. */
const MAX_SMALL_BYTES = 256 * 1024;
const MAX_SMALL_OUTPUT_BYTES = 4 * 1024 * 1024;

/** ZSTD_d_windowLogMax (zstd.h) with its largest value: `zstd --long=31` writes such windows, and containerd reads them. */
const LARGEST_WINDOW = { params: { 100: 31 } };

/** Functions of zlib that Node.js has since 22.15. */
interface Zstd {
    createZstdDecompress?: (options: typeof LARGEST_WINDOW) => Duplex;
    zstdDecompressSync?: (bytes: Buffer, options: typeof LARGEST_WINDOW & { maxOutputLength: number }) => Buffer;
}

/** Decompresses a zstd stream of any number of frames. */
export function zstdDecompressor(): Duplex {
    const { createZstdDecompress, zstdDecompressSync } = zlib as Zstd;
    if (createZstdDecompress === undefined || zstdDecompressSync === undefined) return zstdProgram();
    return Duplex.from(async function* (source: AsyncIterable<Buffer>) {
        const parts = frameParts(source);
        for (;;) {
            const frame = await smallFrame(parts);
            if (frame === undefined) return;
            const whole = frame.isWhole ? decompressed(Buffer.concat(frame.bytes), zstdDecompressSync) : undefined;
            if (whole !== undefined) yield whole;
            else yield* streamed(frame, parts, createZstdDecompress(LARGEST_WINDOW));
        }
    });
}

interface Frame {
    bytes: Buffer[];
    /** Whether the bytes are the complete frame. */
    isWhole: boolean;
}

/** The next frame, or its beginning if it is long; undefined at the end. */
async function smallFrame(parts: AsyncGenerator<FramePart>): Promise<Frame | undefined> {
    const bytes: Buffer[] = [];
    for (let length = 0; length < MAX_SMALL_BYTES; ) {
        const { value, done } = await parts.next();
        if (done) return undefined;
        bytes.push(value.bytes);
        length += value.bytes.length;
        if (value.isEnd) return { bytes, isWhole: true };
    }
    return { bytes, isWhole: false };
}

/** Decompresses a small frame; undefined if its content is large, so that it must be streamed. */
function decompressed(bytes: Buffer, decompress: NonNullable<Zstd["zstdDecompressSync"]>): Buffer | undefined {
    try {
        return decompress(bytes, { ...LARGEST_WINDOW, maxOutputLength: MAX_SMALL_OUTPUT_BYTES });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
        throw error;
    }
}

async function* streamed({ bytes, isWhole }: Frame, parts: AsyncGenerator<FramePart>, through: Duplex) {
    const input = async function* () {
        yield* bytes;
        for (let isEnd = isWhole; !isEnd; ) {
            const { value, done } = await parts.next();
            if (done) return;
            yield value.bytes;
            isEnd = value.isEnd;
        }
    };
    const writing = pipeline(Readable.from(input()), through, { end: true });
    writing.catch(() => {});
    for await (const chunk of through) yield chunk as Buffer;
    await writing;
}

/** Like {@link zstdDecompressor}, by the program zstd. */
export function zstdProgram(): Duplex {
    return Duplex.from(async function* (source: AsyncIterable<Buffer>) {
        const child = spawn("zstd", ["-dcq", "--long=31"], {
            stdio: ["pipe", "pipe", "pipe"],
            env: plainEnvironment(),
        });
        const ended = endOf(child);
        ended.catch(() => {});
        const writing = pipeline(source, child.stdin);
        writing.catch(() => {});
        try {
            yield* child.stdout;
            await writing;
        } catch (error) {
            // The program's message is a better reason than the broken pipe.
            await ended;
            throw error;
        }
        await ended;
    });
}

/** Resolves when the program has exited with 0; otherwise rejects with its message. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<void> {
    let errorOutput = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        errorOutput = (errorOutput + text).slice(-1000);
    });
    return new Promise((resolve, reject) => {
        child.once("error", (error: NodeJS.ErrnoException) =>
            reject(
                error.code === "ENOENT"
                    ? new LocalProblem({
                          what: "The image is compressed by zstd",
                          todo: "Install it (`apt install zstd`), or run Node.js 22.15 or later",
                      })
                    : error,
            ),
        );
        child.once("close", (code) =>
            code === 0 ? resolve() : reject(new Error(errorOutput.trim() || `zstd failed with exit status ${code}`)),
        );
    });
}
