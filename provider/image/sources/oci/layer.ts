import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import { kept } from "../../store/directories";
import { LocalProblem } from "../../tree/local-files";
import { compressionBy, decompressor, HEAD_BYTES } from "./compression";

/** What a layer says of a path: "Image Layer Filesystem Changeset" of the OCI image specification. */
export type Change =
    | { kind: "file"; path: string; mode: number; user: number; size: number; sha256: string; localPath: string }
    | { kind: "directory"; path: string; mode: number; user: number }
    | { kind: "symlink"; path: string; target: string }
    /** The same file as another path, of this layer or one below. */
    | { kind: "link"; path: string; target: string }
    /** What was there below goes. */
    | { kind: "removed"; path: string }
    /** What was in the directory below goes. */
    | { kind: "emptied"; path: string };

export interface LayerSource {
    /** SHA-256 of the layer uncompressed, in hexadecimal: the entry of the configuration's `diff_ids`. */
    diffId: string;
    /** SHA-256 of the file that holds it, where the manifest says it. */
    digest?: string;
    open(): Promise<Readable>;
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const CHANGES = "changes.json";

/** The changes of a layer, its files unpacked in the local store; the same layer of another image is found there. */
export async function layerChanges(
    layer: LayerSource,
    name: string,
    storeDirectory: string,
    signal?: AbortSignal,
): Promise<Change[]> {
    const home = await kept(storeDirectory, "layers", layer.diffId, (to) => unpack(layer, name, to, signal), signal);
    const changes = JSON.parse(await readFile(path.join(home, CHANGES), "utf8")) as Change[];
    return changes.map((change) =>
        change.kind === "file" ? { ...change, localPath: path.join(home, change.localPath) } : change,
    );
}

async function unpack(layer: LayerSource, name: string, to: string, signal?: AbortSignal): Promise<void> {
    const packed = createHash("sha256");
    const plain = createHash("sha256");
    const extract = tar.extract();
    const damaged = (why: string) =>
        new LocalProblem(`A layer of '${name}' is damaged: ${why}. Save or fetch the image again.`);
    const source = await layer.open();
    const through = decompressor(compressionBy(await firstBytes(source)));
    const reading = pipeline(source, hashing(packed), through, hashing(plain), extract, { signal });
    reading.catch(() => {});
    const changes: Change[] = [];
    try {
        for await (const entry of extract) await take(entry as unknown as Readable, entry.header, changes, to, signal);
        await reading;
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

async function take(
    entry: Readable,
    header: tar.Header,
    changes: Change[],
    to: string,
    signal?: AbortSignal,
): Promise<void> {
    const at = pathIn(header.name);
    const base = path.posix.basename(at);
    const mode = (header.mode ?? 0o644) & 0o7777;
    const user = header.uid ?? 0;
    if (base === OPAQUE) changes.push({ kind: "emptied", path: path.posix.dirname(at) });
    else if (base.startsWith(WHITEOUT)) {
        const removed = path.posix.join(path.posix.dirname(at), base.slice(WHITEOUT.length));
        changes.push({ kind: "removed", path: removed });
    } else if (header.type === "directory") changes.push({ kind: "directory", path: at, mode, user });
    else if (header.type === "symlink") changes.push({ kind: "symlink", path: at, target: header.linkname ?? "" });
    else if (header.type === "link") changes.push({ kind: "link", path: at, target: pathIn(header.linkname ?? "") });
    else if (header.type === "file" || header.type === "contiguous-file") {
        const index = changes.length;
        const localPath = path.join(String(Math.floor(index / 1000)), String(index));
        await mkdir(path.dirname(path.join(to, localPath)), { recursive: true });
        const hash = createHash("sha256");
        await pipeline(entry, hashing(hash), createWriteStream(path.join(to, localPath)), { signal });
        const size = header.size ?? 0;
        changes.push({ kind: "file", path: at, mode, user, size, sha256: hash.digest("hex"), localPath });
        return;
    }
    // The rest are device nodes and pipes: a service gets its own.
    entry.resume();
}

function pathIn(name: string): string {
    if (name.split("/").includes("..")) {
        throw new LocalProblem(
            `A layer of the image has the path '${name}', which leads out of it. Don't use this image.`,
        );
    }
    return path.posix.join("/", name).replace(/(.)\/$/, "$1");
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
    return new Transform({
        transform(chunk, _, done) {
            hash.update(chunk);
            done(null, chunk);
        },
    });
}

/** The first bytes of a stream, which stay in it: as many as tell how it is compressed. */
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
