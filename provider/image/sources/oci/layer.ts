import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { directoryInStore } from "../../store/directories";
import { FileHash } from "../../tree/file-hash";
import { LocalProblem } from "../../tree/local-files";
import { type TarHeader, tarEntries } from "../tar-entries";
import { compressionBy, decompressor, HEAD_BYTES } from "./compression";

/** A change in a layer ("Image Layer Filesystem Changeset" of the OCI image specification). */
export type Change =
    | { kind: "file"; path: string; mode: number; user: number; size: number; sha256: string; content: LayerContent }
    | { kind: "directory"; path: string; mode: number; user: number }
    | { kind: "symlink"; path: string; target: string }
    /** A hard link to another path of this layer or of one below. */
    | { kind: "link"; path: string; target: string }
    /** A device node or a pipe, which no image of a service has: only what is there in the layers below is removed. */
    | { kind: "special"; path: string }
    /** The path is removed from the layers below. */
    | { kind: "removed"; path: string }
    /** The content of the directory is removed from the layers below. */
    | { kind: "emptied"; path: string };

/** The content of a file, as a part of the decompressed layer. */
interface LayerContent {
    localPath: string;
    offset: number;
}

export interface LayerSource {
    /** Hexadecimal SHA-256 of the uncompressed layer, which is in the configuration's `diff_ids`. */
    diffId: string;
    /** SHA-256 of the blob, if the manifest has it. */
    digest?: string;
    open(): Promise<Readable>;
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const CHANGES = "changes.json";
/** The decompressed layer. Its files aren't extracted, as many small files would make the store slow. */
const LAYER = "layer.tar";
/** Number of bytes of a file that are hashed at once. */
const CHUNK_BYTES = 1 << 20;

/** The changes of a layer, which is decompressed to the local store once, even for several images. */
export async function layerChanges(
    layer: LayerSource,
    name: string,
    storeDirectory: string,
    signal?: AbortSignal,
): Promise<Change[]> {
    const make = (directory: string) => unpack(layer, name, directory, signal);
    const home = await directoryInStore(storeDirectory, "layers", `changes-${layer.diffId}`, make, signal);
    const changes = JSON.parse(await readFile(path.join(home, CHANGES), "utf8")) as Change[];
    const localPath = path.join(home, LAYER);
    for (const change of changes) if (change.kind === "file") change.content.localPath = localPath;
    return changes;
}

async function unpack(layer: LayerSource, name: string, to: string, signal?: AbortSignal): Promise<void> {
    const packed = createHash("sha256");
    const plain = createHash("sha256");
    const damaged = (reason: string) =>
        new LocalProblem({ what: `A layer of '${name}' is damaged: ${reason}`, todo: "Save or fetch the image again" });
    const file = path.join(to, LAYER);
    let changes: Change[];
    try {
        const source = await layer.open();
        const through = decompressor(compressionBy(await firstBytes(source)));
        await pipeline(source, hashing(packed), through, hashing(plain), createWriteStream(file), { signal });
        changes = await changesIn(file, signal);
    } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof LocalProblem || (error as NodeJS.ErrnoException).code === "ENOSPC") throw error;
        throw damaged((error as Error).message.replace(/\.$/, ""));
    }
    const [digest, diffId] = [packed.digest("hex"), plain.digest("hex")];
    if (layer.digest !== undefined && layer.digest !== digest)
        throw damaged(`its SHA-256 is ${digest}, not ${layer.digest}`);
    if (layer.diffId !== diffId) throw damaged(`unpacked, its SHA-256 is ${diffId}, not ${layer.diffId}`);
    await writeFile(path.join(to, CHANGES), JSON.stringify(changes));
}

async function changesIn(file: string, signal?: AbortSignal): Promise<Change[]> {
    const changes: Change[] = [];
    const handle = await open(file);
    try {
        const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES });
        for await (const entry of tarEntries(stream, { hasUnknownFormats: true, signal })) {
            const { header } = entry;
            const change = changeOf(header, (size) => hashOf(handle.fd, header.byteOffset, size));
            if (change !== undefined) changes.push(change);
            entry.resume();
        }
        return changes;
    } finally {
        await handle.close();
    }
}

const SPECIAL = ["character-device", "block-device", "fifo"];

function changeOf(header: TarHeader, hash: (size: number) => string): Change | undefined {
    const { type, linkname, size = 0, pax, byteOffset } = header;
    // A high number doesn't fit into a header, so tar writes it to the extended header.
    const user = Number(pax?.uid ?? header.uid ?? 0);
    const layerPath = pathIn(header.name);
    const base = path.posix.basename(layerPath);
    const mode = (header.mode ?? 0o644) & 0o7777;
    if (base === OPAQUE) return { kind: "emptied", path: path.posix.dirname(layerPath) };
    if (base.startsWith(WHITEOUT)) {
        return { kind: "removed", path: path.posix.join(path.posix.dirname(layerPath), base.slice(WHITEOUT.length)) };
    }
    if (type === "directory") return { kind: "directory", path: layerPath, mode, user };
    if (type === "symlink") return { kind: "symlink", path: layerPath, target: utf8(linkname ?? "") };
    if (type === "link") return { kind: "link", path: layerPath, target: pathIn(linkname ?? "") };
    if (SPECIAL.includes(type ?? "")) return { kind: "special", path: layerPath };
    if ((type !== "file" && type !== "contiguous-file") || isSparse(pax ?? {})) {
        throw new LocalProblem({
            what: `A layer of the image has '${header.name}' as a sparse file or of another kind that isn't read here`,
            todo: "Build the image with a tool that writes whole files, such as docker or buildah",
        });
    }
    const content = { localPath: "", offset: byteOffset };
    return { kind: "file", path: layerPath, mode, user, size, sha256: hash(size), content };
}

/** GNU tar writes only the parts of a sparse file that have data (tar manual, "Storing Sparse Files"). */
function isSparse(pax: Record<string, string>): boolean {
    return Object.keys(pax).some((key) => key.startsWith("GNU.sparse."));
}

/** A name as it is. The library has a replacement character where it isn't UTF-8, and two names would become one. */
function utf8(name: string): string {
    if (!name.includes("\uFFFD")) return name;
    throw new LocalProblem({
        what: `A layer of the image has the name '${name}', which isn't UTF-8`,
        todo: "Rename or remove it where the image is built",
    });
}

const chunk = Buffer.alloc(CHUNK_BYTES);

/** SHA-256 of a part of a file, read synchronously, since it was just written. */
function hashOf(handle: number, offset: number, size: number): string {
    const hash = new FileHash();
    for (let done = 0; done < size; ) {
        const length = readSync(handle, chunk, 0, Math.min(CHUNK_BYTES, size - done), offset + done);
        if (length === 0) throw new Error("it ends within a file");
        done += length;
        hash.update(chunk.subarray(0, length), done === size);
    }
    return hash.digest();
}

function pathIn(name: string): string {
    if (name.split("/").includes("..")) {
        throw new LocalProblem({
            what: `A layer of the image has the path '${name}', which leads out of it`,
            todo: "Don't use this image",
        });
    }
    return path.posix.join("/", utf8(name)).replace(/(.)\/$/, "$1");
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
    return new Transform({
        transform(chunk, _, done) {
            hash.update(chunk);
            done(null, chunk);
        },
    });
}

/** The first bytes of a stream, which remain in it: as many as are needed to recognize the compression. */
async function firstBytes(stream: Readable): Promise<Buffer> {
    const read: Buffer[] = [];
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        read.push(chunk as Buffer);
        if (read.reduce((sum, { length }) => sum + length, 0) >= HEAD_BYTES) break;
    }
    const head = Buffer.concat(read);
    if (head.length > 0) stream.unshift(head);
    return head;
}
