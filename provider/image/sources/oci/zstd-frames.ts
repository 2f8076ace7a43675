/** A part of a frame. */
export interface FramePart {
    bytes: Buffer;
    /** Whether it is the last part of the frame. */
    isEnd: boolean;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Mask of a skippable frame's magic number, whose last four bits are arbitrary. */
const SKIPPABLE_MASK = 0xfffffff0;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** Whether the bytes begin a zstd frame, with data or skippable. */
export function isFrame(head: Buffer): boolean {
    if (head.length < 4) return false;
    const magic = head.readUInt32LE(0);
    return magic === MAGIC || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
    return (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC;
}

/**
 * Splits a zstd stream into its frames (RFC 8878, 3.1), since the decompressor of Node.js only accepts a single frame. Skippable
 * frames are left out. Each step reads a field of a fixed length, independent of the lengths of the chunks.
 */
export async function* frameParts(source: AsyncIterable<Buffer>): AsyncGenerator<FramePart> {
    const splitter = new FrameSplitter();
    for await (const chunk of source) yield* splitter.split(chunk);
    splitter.end();
}

/** The field to which the next bytes belong. */
type Field = "magic" | "descriptor" | "header" | "blockHeader" | "content" | "skippedLength" | "skipped";

class FrameSplitter {
    private field: Field = "magic";
    /** Number of missing bytes of the field. */
    private left = 4;
    /** Bytes of the field from earlier chunks, if it must be read as a whole. */
    private partial: Buffer = Buffer.alloc(0);
    private hasChecksum = false;
    /** Whether the current content is the last of the frame. */
    private isLast = false;

    *split(chunk: Buffer): Generator<FramePart> {
        let rest = chunk;
        while (rest.length > 0 || this.left === 0) {
            const chunk = rest.subarray(0, this.left);
            rest = rest.subarray(chunk.length);
            this.left -= chunk.length;
            if (this.field === "content" || this.field === "skipped") {
                const isEnd = this.left === 0 && this.field === "content" && this.isLast;
                if (this.field === "content" && (chunk.length > 0 || isEnd)) yield { bytes: chunk, isEnd };
                if (this.left === 0) this.expect(this.field === "content" && !this.isLast ? "blockHeader" : "magic");
                continue;
            }
            this.partial = this.partial.length === 0 ? chunk : Buffer.concat([this.partial, chunk]);
            if (this.left > 0) return;
            const bytes = this.partial;
            this.partial = Buffer.alloc(0);
            if (this.read(bytes)) yield { bytes, isEnd: false };
        }
    }

    end(): void {
        if (this.field !== "magic" || this.partial.length > 0) throw new Error("it ends within a zstd frame");
    }

    /** Reads a field. Returns whether it is part of a frame with data. */
    private read(bytes: Buffer): boolean {
        switch (this.field) {
            case "magic": {
                const magic = bytes.readUInt32LE(0);
                if (!isFrame(bytes)) throw new Error("it has bytes that are no zstd frame");
                this.expect(isSkippable(magic) ? "skippedLength" : "descriptor");
                return magic === MAGIC;
            }
            case "skippedLength":
                this.expect("skipped", bytes.readUInt32LE(0));
                return false;
            case "descriptor": {
                const descriptor = bytes.readUInt8(0);
                const isSingleSegment = (descriptor & 0x20) !== 0;
                const sizeFlag = descriptor >> 6;
                const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
                const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] as number;
                this.hasChecksum = (descriptor & 4) !== 0;
                this.expect("header", (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
                return true;
            }
            case "header":
                this.expect("blockHeader");
                return true;
            default: {
                const header = bytes.readUIntLE(0, 3);
                const type = (header >> 1) & 3;
                if (type === RESERVED_BLOCK) throw new Error("it has a zstd block of a reserved type");
                this.isLast = (header & 1) === 1;
                const size = type === RLE_BLOCK ? 1 : header >> 3;
                this.expect("content", size + (this.isLast && this.hasChecksum ? 4 : 0));
                return true;
            }
        }
    }

    private expect(
        field: Field,
        length = { magic: 4, descriptor: 1, blockHeader: 3, skippedLength: 4 }[field as "magic"],
    ) {
        this.field = field;
        this.left = length;
    }
}
