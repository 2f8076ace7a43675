import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { compressionBy } from "../../../../provider/image/sources/oci/compression";
import { zstdDecompressor, zstdProgram } from "../../../../provider/image/sources/oci/zstd";
import { frameParts } from "../../../../provider/image/sources/oci/zstd-frames";

/** The bytes in pieces of this length, as a stream would deliver them. */
function* pieces(bytes: Buffer, length: number) {
    for (let offset = 0; offset < bytes.length; offset += length) yield bytes.subarray(offset, offset + length);
}

async function unpacked(packed: Buffer, pieceLength: number, through = zstdDecompressor()): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await pipeline(Readable.from(pieces(packed, pieceLength)), through, async (source) => {
        for await (const chunk of source) chunks.push(chunk as Buffer);
    });
    return Buffer.concat(chunks);
}

function inFrames(bytes: Buffer, frameLength: number): Buffer[] {
    return [...pieces(bytes, frameLength)].map((frame) => zstdCompressSync(frame));
}

/** A skippable frame, as pzstd and zstd:chunked write them. */
function skippable(content: Buffer, variant = 0): Buffer {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x184d2a50 + variant, 0);
    head.writeUInt32LE(content.length, 4);
    return Buffer.concat([head, content]);
}

const RANDOM = randomBytes(1 << 20);
const ZEROS = Buffer.alloc(4 << 20);
const MIXED = Buffer.concat([ZEROS.subarray(0, 1 << 20), RANDOM]);
/** Output of `zstd --ultra --long=31`: its window is larger than the default limit of decompressors, 128 MB. */
const LARGE_WINDOW = spawnSync("zstd", ["-qc", "-1", "--ultra", "--long=31"], {
    input: MIXED,
    maxBuffer: 1 << 30,
}).stdout;

describe("a stream of several frames is unpacked completely", () => {
    const meta = skippable(Buffer.from("meta"));
    test.each<[string, Buffer, Buffer]>([
        ["one frame", RANDOM, zstdCompressSync(RANDOM)],
        ["frames of 65536 bytes", RANDOM, Buffer.concat(inFrames(RANDOM, 65_536))],
        ["frames of 65523 bytes", RANDOM, Buffer.concat(inFrames(RANDOM, 65_523))],
        ["frames of 600000 bytes", RANDOM, Buffer.concat(inFrames(RANDOM, 600_000))],
        ["frames of 4096 bytes", MIXED, Buffer.concat(inFrames(MIXED, 4096))],
        ["small frames of much", Buffer.concat([ZEROS, ZEROS]), zstdCompressSync(Buffer.concat([ZEROS, ZEROS]))],
        [
            "skippable frames behind each",
            MIXED,
            Buffer.concat(inFrames(MIXED, 100_000).flatMap((frame) => [frame, meta])),
        ],
        [
            "a skippable frame first",
            RANDOM,
            Buffer.concat([skippable(Buffer.alloc(0), 15), ...inFrames(RANDOM, 100_000)]),
        ],
        ["empty frames", RANDOM, Buffer.concat([zstdCompressSync(""), zstdCompressSync(RANDOM), zstdCompressSync("")])],
        ["a window of 2 GB", MIXED, LARGE_WINDOW],
        ["nothing but skippable frames", Buffer.alloc(0), Buffer.concat([meta, meta])],
        ["no bytes", Buffer.alloc(0), Buffer.alloc(0)],
    ])("%s", async (_, plain, packed) => {
        for (const length of [997, 1 << 16, 1 << 20]) {
            const found = await unpacked(packed, length);
            expect(createHash("sha256").update(found).digest("hex")).toBe(
                createHash("sha256").update(plain).digest("hex"),
            );
        }
    });

    test("with checksums and without sizes, as zstd writes frames into a pipe", async () => {
        const parts = [...pieces(MIXED, 300_000)].map(
            (input) => spawnSync("zstd", ["-qc", "--check"], { input, maxBuffer: 1 << 30 }).stdout,
        );
        expect((await unpacked(Buffer.concat(parts), 1 << 16)).equals(MIXED)).toBe(true);
    });

    test("for any division into chunks", async () => {
        const part = fc.oneof(
            fc
                .uint8Array({ maxLength: 300 })
                .map((bytes) => ({ plain: Buffer.from(bytes), packed: zstdCompressSync(bytes) })),
            fc
                .uint8Array({ maxLength: 20 })
                .map((bytes) => ({ plain: Buffer.alloc(0), packed: skippable(Buffer.from(bytes)) })),
        );
        await fc.assert(
            fc.asyncProperty(
                fc.array(part, { maxLength: 6 }),
                fc.integer({ min: 1, max: 40 }),
                async (parts, length) => {
                    const found = await unpacked(Buffer.concat(parts.map(({ packed }) => packed)), length);
                    expect(found.equals(Buffer.concat(parts.map(({ plain }) => plain)))).toBe(true);
                },
            ),
            { numRuns: 100, endOnFailure: true },
        );
    });
});

describe("incomplete files are refused", () => {
    const whole = Buffer.concat(inFrames(RANDOM.subarray(0, 1000), 400));
    test.each([1, 5, 9, 300, whole.length - 1])("the first %d bytes", async (length) => {
        await expect(unpacked(whole.subarray(0, length), 64)).rejects.toThrow("it ends within a zstd frame");
    });

    test("bytes after the last frame", async () => {
        await expect(unpacked(Buffer.concat([whole, Buffer.from("more")]), 64)).rejects.toThrow(
            "it has bytes that are no zstd frame",
        );
    });

    test("a changed byte", async () => {
        const changed = Buffer.from(zstdCompressSync(ZEROS.subarray(0, 1000)));
        changed[changed.length - 2] = (changed.at(-2) ?? 0) ^ 0x7f;
        const read = unpacked(changed, 64).then((found) => found.equals(ZEROS.subarray(0, 1000)));
        await expect(read.catch(() => false)).resolves.toBe(false);
    });

    test("the parts of a frame are complete", async () => {
        const found: Buffer[] = [];
        for await (const { bytes } of frameParts(Readable.from(pieces(whole, 7)))) found.push(bytes);
        expect(Buffer.concat(found).equals(whole)).toBe(true);
    });
});

describe("if Node.js has no zstd, the program zstd", () => {
    test("unpacks frames and windows of any size", async () => {
        const frames = Buffer.concat(inFrames(MIXED, 65_536));
        expect((await unpacked(frames, 1 << 16, zstdProgram())).equals(MIXED)).toBe(true);
        expect((await unpacked(LARGE_WINDOW, 1 << 16, zstdProgram())).equals(MIXED)).toBe(true);
    });

    test("reports errors in its own words", async () => {
        const broken = Buffer.concat([zstdCompressSync(RANDOM), Buffer.from("no frame"), RANDOM]);
        await expect(unpacked(broken, 1 << 16, zstdProgram())).rejects.toThrow(/unknown header|unsupported format/);
    });

    test("is named if it isn't installed", async () => {
        const { PATH } = process.env;
        process.env.PATH = "/nowhere";
        try {
            await expect(unpacked(zstdCompressSync(RANDOM), 1 << 16, zstdProgram())).rejects.toThrow(
                "The image is compressed by zstd. Install it (`apt install zstd`), or run Node.js 22.15 or later.",
            );
        } finally {
            process.env.PATH = PATH;
        }
    });
});

test.each<[string, Buffer, string]>([
    ["a skippable frame", skippable(Buffer.from("x"), 7), "zstd"],
    ["a frame", zstdCompressSync("x"), "zstd"],
    ["a tar", Buffer.from("usr/bin/hello"), "none"],
])("%s is known by its first bytes", (_, bytes, compression) => {
    expect(compressionBy(bytes)).toBe(compression);
});

test("xz is reported as unsupported", () => {
    expect(() => compressionBy(Buffer.from("\xfd7zXZ\0", "latin1"))).toThrow(
        "The image is compressed by xz, and only gzip and zstd are read. Unpack it, or save the image again.",
    );
});
