import type { Chunk } from "./chunks";

/** Bytes of a new file: copied from an old one, at `offset` there, or sent, from `offset` of the new one. */
export interface DeltaPart {
    from: "old" | "new";
    offset: number;
    length: number;
}

/** Each costs a process on the host, about 2 ms: more than this many bytes would. */
const LEAST_COPY_BYTES = 32 * 1024;
const MOST_COPIES = 200;
/** Share of the file: if a delta saves less than this, the whole file is sent. */
const LEAST_SPARED = 0.1;

/**
 * Plans how to make a new file out of an old one; undefined if that would save little, or if the old one is unknown.
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
        // Of several equal chunks, such as zeros, the one that follows the last copy is taken.
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

/** Copies that are shorter are sent instead. */
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
