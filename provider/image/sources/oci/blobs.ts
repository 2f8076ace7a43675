import { createReadStream, createWriteStream } from "node:fs";
import { open, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { directoryInStore } from "../../store/directories";
import { unlessAbsent } from "../../store/write";
import { absolute, explained, LocalProblem, localFile } from "../../tree/local-files";
import { tarEntries } from "../tar-entries";
import { compressionOf, decompressor } from "./compression";

/** Access to the files of an OCI layout or of a `docker save` archive. */
export interface Blobs {
    /** Path as declared, for messages. */
    readonly name: string;
    /** Bytes of a small file by its path in the layout; undefined if there is none. */
    read(file: string): Promise<Buffer | undefined>;
    /** Opens a blob as a stream, for layers. */
    stream(file: string): Promise<Readable | undefined>;
}

/** Size limit of a manifest or configuration; real ones are far smaller. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** An OCI layout in a directory. */
export async function directoryBlobs(written: string, programDirectory: string): Promise<Blobs> {
    const directory = absolute(written, programDirectory);
    const status = await explained(written, directory, () => stat(directory));
    if (!status.isDirectory()) {
        throw new LocalProblem({
            what: `'${written}' is a file`,
            todo: `Give it as \`archive\`; \`layout\` is a directory`,
        });
    }
    const sized = async (file: string) => stat(path.join(directory, file)).catch(unlessAbsent);
    return {
        name: written,
        async read(file) {
            const found = await sized(file);
            if (!found?.isFile()) return undefined;
            if (found.size > MAX_JSON_BYTES)
                throw new LocalProblem({ what: `'${written}' has a ${file} of ${found.size} bytes` });
            return readFile(path.join(directory, file));
        },
        async stream(file) {
            return (await sized(file))?.isFile() ? createReadStream(path.join(directory, file)) : undefined;
        },
    };
}

interface ArchivePart {
    offset: number;
    size: number;
    /** Target of a link in the archive. */
    link?: string;
}

/** A tar archive of either. The positions of its files are stored, so that an unchanged archive isn't read again. */
export async function archiveBlobs(
    written: string,
    programDirectory: string,
    storeDirectory: string,
    signal?: AbortSignal,
): Promise<Blobs> {
    const entry = await localFile(written, programDirectory);
    const archive = absolute(written, programDirectory);
    const home = await directoryInStore(
        storeDirectory,
        "layers",
        `archive-${entry.sha256}`,
        async (directory) => {
            const isPacked = (await compressionOf(archive)) !== "none";
            const plain = isPacked ? path.join(directory, "archive.tar") : archive;
            if (isPacked) await unpack(archive, plain, signal);
            const parts = await partsOf(plain, written, signal);
            await writeFile(path.join(directory, "parts.json"), JSON.stringify(parts));
        },
        signal,
    );
    const unpacked = path.join(home, "archive.tar");
    const file = (await stat(unpacked).catch(unlessAbsent)) === undefined ? archive : unpacked;
    const parts = JSON.parse(await readFile(path.join(home, "parts.json"), "utf8")) as Record<string, ArchivePart>;
    const find = (name: string): ArchivePart | undefined => {
        const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
        return part?.link === undefined ? part : parts[part.link];
    };
    return {
        name: written,
        async read(name) {
            const part = find(name);
            if (part === undefined || part.size > MAX_JSON_BYTES) return undefined;
            const handle = await open(file);
            try {
                const { buffer, bytesRead } = await handle.read(Buffer.alloc(part.size), 0, part.size, part.offset);
                return buffer.subarray(0, bytesRead);
            } finally {
                await handle.close();
            }
        },
        async stream(name) {
            const part = find(name);
            if (part === undefined) return undefined;
            return createReadStream(file, { start: part.offset, end: part.offset + part.size - 1 });
        },
    };
}

async function unpack(archive: string, to: string, signal?: AbortSignal): Promise<void> {
    const through = decompressor(await compressionOf(archive));
    await pipeline(createReadStream(archive), through, createWriteStream(to), { signal });
}

async function partsOf(file: string, written: string, signal?: AbortSignal): Promise<Record<string, ArchivePart>> {
    const parts: Record<string, ArchivePart> = {};
    const stream = createReadStream(file, { highWaterMark: 1 << 20 });
    try {
        for await (const entry of tarEntries(stream, { signal })) {
            const { name, size = 0, type, linkname, byteOffset } = entry.header;
            const clean = path.posix.normalize(name);
            if (type === "file") parts[clean] = { offset: byteOffset, size };
            if (type === "symlink" || type === "link") {
                const from = type === "symlink" ? path.posix.dirname(clean) : ".";
                parts[clean] = { offset: 0, size: 0, link: path.posix.join(from, linkname ?? "") };
            }
            entry.resume();
        }
    } catch (error) {
        signal?.throwIfAborted();
        throw new LocalProblem({
            what: `'${written}' is not a whole tar archive: ${(error as Error).message.replace(/\.$/, "")}`,
            todo: "Save the image again",
        });
    }
    return parts;
}
