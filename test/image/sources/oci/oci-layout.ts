import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import tar from "tar-stream";

/** An entry of a layer: the content of a file, or the fields of a tar header. */
export type LayerEntry =
    | string
    | Buffer
    | (Partial<Pick<tar.Header, "mode" | "uid" | "type" | "linkname">> & {
          content?: string | Buffer;
          pax?: Record<string, string>;
      });

export interface ImageParts {
    /** Entries of a tar, or its bytes. The lowest layer is the first. */
    layers: (Record<string, LayerEntry> | Buffer)[];
    config?: Record<string, unknown>;
    /**
     * `frames`: zstd in frames of 1000 bytes with a skippable frame before each, as pzstd writes them. `members`: gzip of two
     * members, as eStargz has them.
     */
    compression?: "none" | "gzip" | "members" | "zstd" | "frames";
    architecture?: string;
    annotations?: Record<string, string>;
}

type Files = Record<string, Buffer>;

export function sha256(bytes: Buffer): string {
    return createHash("sha256").update(bytes).digest("hex");
}

export async function tarOf(entries: Record<string, LayerEntry>): Promise<Buffer> {
    const pack = tar.pack();
    for (const [name, entry] of Object.entries(entries)) {
        const file = typeof entry === "string" || Buffer.isBuffer(entry) ? { content: entry } : entry;
        const { content = "", ...header } = file;
        pack.entry(
            {
                name,
                mode: name.endsWith("/") ? 0o755 : 0o644,
                type: name.endsWith("/") ? "directory" : "file",
                ...header,
            },
            content as Buffer,
        );
    }
    pack.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of pack) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
}

function compress(bytes: Buffer, compression: ImageParts["compression"]): Buffer {
    if (compression === "none") return bytes;
    if (compression === "zstd") return spawnSync("zstd", ["-qc"], { input: bytes, maxBuffer: 1 << 30 }).stdout;
    if (compression === "frames") {
        const skipped = Buffer.from("502a4d1800000000", "hex");
        const count = Math.ceil(bytes.length / 1000);
        const frames = Array.from({ length: count }, (_, index) =>
            zstdCompressSync(bytes.subarray(index * 1000, (index + 1) * 1000)),
        );
        return Buffer.concat(frames.flatMap((frame) => [skipped, frame]));
    }
    if (compression === "members")
        return Buffer.concat([gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))]);
    return gzipSync(bytes, { level: 1 });
}

async function imageFiles({ layers, config = {}, compression = "gzip", architecture = "amd64" }: ImageParts) {
    const files: Files = {};
    const blob = (bytes: Buffer, mediaType: string) => {
        files[`blobs/sha256/${sha256(bytes)}`] = bytes;
        return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
    };
    const tars = await Promise.all(layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tarOf(layer))));
    const format = { none: "", gzip: "+gzip", members: "+gzip", zstd: "+zstd", frames: "+zstd" }[compression];
    const parts = tars.map((tar) =>
        blob(compress(tar, compression), `application/vnd.oci.image.layer.v1.tar${format}`),
    );
    const diffIds = tars.map((tar) => `sha256:${sha256(tar)}`);
    const configuration = blob(
        Buffer.from(
            JSON.stringify({ architecture, os: "linux", config, rootfs: { type: "layers", diff_ids: diffIds } }),
        ),
        "application/vnd.oci.image.config.v1+json",
    );
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = blob(
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: configuration, layers: parts })),
        mediaType,
    );
    return { files, manifest, configuration, parts, architecture };
}

/** The files of an OCI layout, by path. */
export async function layoutFiles(images: ImageParts[]): Promise<Files> {
    const files: Files = { "oci-layout": Buffer.from('{"imageLayoutVersion":"1.0.0"}') };
    const manifests = [];
    for (const parts of images) {
        const made = await imageFiles(parts);
        Object.assign(files, made.files);
        const platform = { os: "linux", architecture: made.architecture };
        manifests.push({ ...made.manifest, platform, annotations: parts.annotations });
    }
    return { ...files, "index.json": Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) };
}

/** The files of a `docker save` archive of Docker before version 25, by path. */
export async function savedFiles(images: (ImageParts & { tags: string[] })[]): Promise<Files> {
    const files: Files = {};
    const manifest = [];
    for (const { tags, ...parts } of images) {
        const made = await imageFiles({ ...parts, compression: "none" });
        const layers = made.parts.map(({ digest }) => {
            const file = `${digest.slice("sha256:".length)}/layer.tar`;
            files[file] = made.files[`blobs/sha256/${digest.slice("sha256:".length)}`] as Buffer;
            return file;
        });
        const config = `${made.configuration.digest.slice("sha256:".length)}.json`;
        files[config] = made.files[`blobs/sha256/${config.slice(0, -5)}`] as Buffer;
        manifest.push({ Config: config, RepoTags: tags, Layers: layers });
    }
    return { ...files, "manifest.json": Buffer.from(JSON.stringify(manifest)) };
}

export function writeFiles(directory: string, files: Files): string {
    for (const [name, bytes] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        writeFileSync(path.join(directory, name), bytes);
    }
    return directory;
}
