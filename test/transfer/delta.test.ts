import { createHash } from "node:crypto";
import fc from "fast-check";
import { type Chunk, cut, indexText, parseIndex } from "../../provider/transfer/chunks";
import { newBytes, planDelta } from "../../provider/transfer/delta";

/** Pseudo-random bytes, the same in each run. */
function noise(length: number, seed = ""): Buffer {
    const parts = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
        createHash("sha256").update(`${seed}${index}`).digest(),
    );
    return Buffer.concat(parts).subarray(0, length);
}

/** Cuts bytes into chunks, reading at most `portion` bytes at a time. */
function cutBytes(bytes: Uint8Array, portion = Number.POSITIVE_INFINITY): Promise<Chunk[]> {
    return cut(bytes.length, async (into, position) => {
        const part = bytes.subarray(position, position + Math.min(into.length, portion));
        into.set(part);
        return part.length;
    });
}

/** Assembles the file as the host does: from copied ranges of the old file and new bytes in the order of sending. */
function assembled(old: Uint8Array, now: Uint8Array, parts: NonNullable<ReturnType<typeof planDelta>>): Buffer {
    return Buffer.concat(
        parts.map(({ from, offset, length }) => (from === "old" ? old : now).subarray(offset, offset + length)),
    );
}

const sum = (chunks: Chunk[]) => chunks.reduce((bytes, { length }) => bytes + length, 0);

test("the chunks of a file are complete, have 4 to 64 KiB each, and don't depend on the portions of reading", async () => {
    const bytes = noise(10_000_000);
    const chunks = await cutBytes(bytes);
    expect(sum(chunks)).toBe(bytes.length);
    for (const { length } of chunks.slice(0, -1)) {
        expect(length).toBeGreaterThanOrEqual(4 * 1024);
        expect(length).toBeLessThanOrEqual(64 * 1024);
    }
    expect(bytes.length / chunks.length).toBeGreaterThan(12 * 1024);
    expect(bytes.length / chunks.length).toBeLessThan(28 * 1024);
    expect(await cutBytes(bytes, 100_000)).toEqual(chunks);
});

test("a large file has larger chunks, so that the index stays small", async () => {
    const block = noise(1_000_000);
    const sizeBytes = 300_000_000;
    const chunks = await cut(sizeBytes, async (into, position) => {
        const part = block.subarray(position % block.length, (position % block.length) + into.length);
        into.set(part.subarray(0, sizeBytes - position));
        return Math.min(part.length, sizeBytes - position);
    });
    expect(sum(chunks)).toBe(sizeBytes);
    expect(chunks.length).toBeLessThan(12_000);
});

test("an empty file has no chunks, and a file that ends early is an error", async () => {
    expect(await cutBytes(Buffer.alloc(0))).toEqual([]);
    await expect(cut(10, async () => 0)).rejects.toThrow("it ended at 0 of 10 bytes");
});

test("for one inserted byte, one or two chunks are sent", async () => {
    const old = noise(2_000_000);
    const now = Buffer.concat([old.subarray(0, 700_000), Buffer.from("x"), old.subarray(700_000)]);
    const parts = planDelta(await cutBytes(old), await cutBytes(now)) ?? [];
    expect(assembled(old, now, parts).equals(now)).toBe(true);
    expect(newBytes(parts)).toBeLessThan(130_000);
    expect(parts.filter(({ from }) => from === "old")).toHaveLength(2);
});

test("the assembled file is the new file after any change of the old one", async () => {
    const pieces = Array.from({ length: 8 }, (_, index) => noise(90_000, `piece ${index}`)).concat(
        Buffer.alloc(400_000),
    );
    const file = fc.array(fc.integer({ min: 0, max: pieces.length - 1 }), { maxLength: 12 });
    const bytesOf = (chosen: number[]) => Buffer.concat(chosen.map((index) => pieces[index] as Buffer));
    await fc.assert(
        fc.asyncProperty(file, file, async (before, after) => {
            const [old, now] = [bytesOf(before), bytesOf(after)];
            const parts = planDelta(await cutBytes(old), await cutBytes(now));
            if (parts === undefined) return;
            expect(assembled(old, now, parts).equals(now)).toBe(true);
            expect(newBytes(parts)).toBeLessThanOrEqual(now.length * 0.9);
        }),
        { numRuns: 60 },
    );
});

test("a file that shares little with the old one is sent completely", async () => {
    const chunks = await cutBytes(noise(1_000_000));
    expect(planDelta(chunks, await cutBytes(noise(1_000_000, "other")))).toBeUndefined();
    expect(planDelta([], chunks)).toBeUndefined();
    expect(planDelta(chunks, [])).toBeUndefined();
    const barely = Buffer.concat([noise(1_000_000).subarray(0, 80_000), noise(1_000_000, "other")]);
    expect(planDelta(chunks, await cutBytes(barely))).toBeUndefined();
});

test("many small copies become few large ones", () => {
    const chunk = (hash: number, length = 40_000): Chunk => ({ length, hash: String(hash).padStart(16, "0") });
    const old = Array.from({ length: 1000 }, (_, index) => chunk(index));
    // Every second chunk is new, and a long run of old chunks is at the end.
    const now = [
        ...old.map((chunkOfOld, index) => (index % 2 === 0 ? chunkOfOld : chunk(5000 + index))),
        ...Array.from({ length: 1000 }, (_, index) => chunk(index)),
    ];
    const parts = planDelta(old, now) ?? [];
    expect(parts.filter(({ from }) => from === "old").length).toBeLessThanOrEqual(200);
    expect(parts.at(-1)).toEqual({ from: "old", offset: 0, length: 40_000_000 });
    expect(parts.reduce((bytes, { length }) => bytes + length, 0)).toBe(80_000_000);
});

test("an index is read as it was written, and a truncated one up to its end", async () => {
    const chunks = await cutBytes(noise(200_000));
    const text = indexText(chunks);
    expect(parseIndex(text)).toEqual(chunks);
    expect(parseIndex(text.slice(0, -20))).toEqual(chunks.slice(0, -1));
    expect(parseIndex("")).toEqual([]);
    expect(parseIndex(`rubbish\n${text}`)).toEqual([]);
});
