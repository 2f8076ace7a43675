import type { Chunk } from "./chunks";

/** Bytes of a new file: copied from the old file at `offset`, or sent, from `offset` of the new file. */
export interface DeltaPart {
    from: "old" | "new";
    offset: number;
    length: number;
}

/** A copy costs a process on the host, about 2 ms, so fewer bytes than these are sent instead. */
const LEAST_COPY_BYTES = 32 * 1024;
const MOST_COPIES = 200;
/** As a share of the file: if a delta saves less, the full file is sent. */
const LEAST_SPARED = 0.1;

/**
 * Plans how to assemble a new file from an old one; undefined if that would save little, or if the old one is unknown.
 */
export function planDelta(old: readonly Chunk[], now: readonly Chunk[]): DeltaPart[] | undefined {
    const sizeBytes = now.reduce((sum, { length }) => sum + length, 0);
    const found = matches(old, now);
    let least = LEAST_COPY_BYTES;
    let parts = withoutShort(found, least);
    while (parts.filter(({ from }) => from === "old").length > MOST_COPIES) {
        least *= 2;
        parts = withoutShort(found, least);
    }
    return newBytes(parts) >= sizeBytes * (1 - LEAST_SPARED) ? undefined : parts;
}

/** Number of bytes that must be sent for the parts. */
export function newBytes(parts: readonly Pick<DeltaPart, "from" | "length">[]): number {
    return parts.reduce((sum, { from, length }) => sum + (from === "new" ? length : 0), 0);
}

function matches(old: readonly Chunk[], now: readonly Chunk[]): DeltaPart[] {
    const firstOf = new Map<string, number>();
    const offsets: number[] = [];
    let offset = 0;
    for (const [index, { hash, length }] of old.entries()) {
        if (!firstOf.has(hash)) firstOf.set(hash, index);
        offsets.push(offset);
        offset += length;
    }
    const parts: DeltaPart[] = [];
    let position = 0;
    let next = 0;
    for (const { hash, length } of now) {
        // If several chunks are equal, such as zeros, the one after the last copy is used.
        const index = old[next]?.hash === hash ? next : firstOf.get(hash);
        if (index === undefined || old[index]?.length !== length)
            push(parts, { from: "new", offset: position, length });
        else {
            push(parts, { from: "old", offset: offsets[index] as number, length });
            next = index + 1;
        }
        position += length;
    }
    return parts;
}

/** Replaces copies that are shorter than `least` by sent parts. */
function withoutShort(found: readonly DeltaPart[], least: number): DeltaPart[] {
    const parts: DeltaPart[] = [];
    let position = 0;
    for (const part of found) {
        const { length } = part;
        push(parts, part.from === "old" && length < least ? { from: "new", offset: position, length } : part);
        position += length;
    }
    return parts;
}

function push(parts: DeltaPart[], part: DeltaPart): void {
    const last = parts.at(-1);
    if (last !== undefined && last.from === part.from && last.offset + last.length === part.offset)
        parts[parts.length - 1] = { ...last, length: last.length + part.length };
    else parts.push(part);
}
