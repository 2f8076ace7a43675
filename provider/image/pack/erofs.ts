import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import { UserError } from "../../errors";
import { nameOf } from "../tree/paths";
import type { Tree } from "../tree/tree";
import { checkedBytes } from "./checked-bytes";
import { type Packer, type PackOptions, type Tool, toolVersion } from "./packer";

/** Bump when the options below change, so that images of the same source are packed again. */
const EROFS_VERSION = 1;

/**
 * Options with which the image doesn't depend on this machine. lz4hc is supported by every version of erofs-utils and every
 * kernel with erofs. With clusters of 64 KB rather than 4 KB an image is an eighth smaller (130 MB of Debian: 57 MB, not 66 MB).
 */
const OPTIONS = [
    "--quiet",
    "--all-root",
    "-T0",
    "-U00000000-0000-0000-0000-000000000000",
    "-x-1",
    "-zlz4hc",
    "-C65536",
];

const MKFS_EROFS: Tool = {
    program: "mkfs.erofs",
    versionOption: "-V",
    versionPattern: /mkfs\.erofs (?:\(erofs-utils\) )?((\d+)\.(\d+)\S*)/,
    oldest: [1, 5],
    name: "erofs-utils",
    install:
        "`apt install erofs-utils`, `dnf install erofs-utils`, `brew install erofs-utils`; or leave `format` at squashfs",
};
/** Version 1.5 fails with longer names, although the format supports 255 bytes. */
const MAX_NAME_BYTES = 254;

/** Packs with mkfs.erofs(1). */
export const erofs: Packer = {
    async version() {
        return ["erofs", EROFS_VERSION, await toolVersion(MKFS_EROFS)];
    },
    pack,
};

/** Packs from a temporary directory next to the image, since only later versions of mkfs.erofs can read a tar stream. */
async function pack(tree: Tree, file: string, { onBytes = () => {}, signal }: PackOptions = {}): Promise<void> {
    const stage = `${file}.stage`;
    try {
        await fill(stage, tree, onBytes, signal).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== "ENAMETOOLONG") throw error;
            throw tooLong(
                error.path?.slice(stage.length) ?? "a path",
                "it doesn't fit below the directory where it is packed",
            );
        });
        await promisify(execFile)("mkfs.erofs", [...OPTIONS, file, stage], { env: plainEnvironment(), signal }).catch(
            (error) => {
                signal?.throwIfAborted();
                const long = tree.sorted().find(([path]) => Buffer.byteLength(nameOf(path)) > MAX_NAME_BYTES);
                if (long !== undefined)
                    throw tooLong(long[0], `mkfs.erofs takes names of up to ${MAX_NAME_BYTES} bytes`);
                throw new UserError({
                    what: `mkfs.erofs failed with exit status ${error.code}`,
                    reported: `${error.stdout ?? ""}${error.stderr ?? ""}`.slice(-4000),
                    todo: "Check free disk space first, then the version of erofs-utils",
                });
            },
        );
    } finally {
        await remove(stage, tree);
    }
}

/** The error for a path that is too long, with the path shortened. */
function tooLong(path: string, reason: string): UserError {
    return new UserError({
        what: `${path.slice(0, 60)}... is too long to be packed as erofs: ${reason}`,
        todo: "Shorten the name, or leave `format` at squashfs",
    });
}

async function fill(
    stage: string,
    tree: Tree,
    onBytes: (done: number) => void,
    signal: AbortSignal | undefined,
): Promise<void> {
    let done = 0;
    const entries = tree.sorted();
    for (const [imagePath, entry] of entries) {
        signal?.throwIfAborted();
        const local = path.join(stage, imagePath);
        if (entry.kind === "directory") await mkdir(local, { mode: 0o700 });
        else if (entry.kind === "symlink") await symlink(entry.target, local);
        else {
            const counted = async function* () {
                for await (const chunk of checkedBytes(imagePath, entry)) {
                    done += chunk.length;
                    onBytes(done);
                    yield chunk;
                }
            };
            await pipeline(Readable.from(counted()), createWriteStream(local, { flags: "wx" }), { signal });
            await chmod(local, entry.mode);
        }
    }
    // The deepest entries first, since entries of a directory without execute permission can't be changed any more.
    for (const [imagePath, entry] of entries.toReversed()) {
        if (entry.kind === "directory") await chmod(path.join(stage, imagePath), entry.mode);
    }
}

async function remove(stage: string, tree: Tree): Promise<void> {
    for (const [imagePath, entry] of tree.sorted()) {
        if (entry.kind === "directory") await chmod(path.join(stage, imagePath), 0o700).catch(() => {});
    }
    await rm(stage, { recursive: true, force: true });
}
