import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";

/** What the library's types leave out of a header. */
export interface TarHeader extends tar.Header {
    /** Offset in bytes of the content in the archive. */
    byteOffset: number;
    /** Fields of the extended header before it. */
    pax?: Record<string, string>;
}

export type TarEntry = Readable & { header: TarHeader };

/**
 * The entries of a tar archive, read from the first stream through the others. Each must be consumed, or skipped by its
 * `resume`, before the next one comes. Reading begins with the first request, as an entry that nobody waits for is lost, and
 * then no other comes. Throws the error of any of the streams.
 */
export async function* tarEntries(
    source: Readable,
    {
        through = [],
        hasUnknownFormats = false,
        signal,
    }: {
        through?: readonly Duplex[];
        /** Whether headers of the oldest form, which has no magic number, are read, too. */
        hasUnknownFormats?: boolean;
        signal?: AbortSignal;
    },
): AsyncGenerator<TarEntry> {
    // The library's types don't have the option.
    const options: object = { allowUnknownFormat: hasUnknownFormats };
    const extract = tar.extract(options);
    const reading = pipeline([source, ...through, extract], { signal });
    reading.catch(() => {});
    yield* extract as AsyncIterable<TarEntry>;
    await reading;
}
