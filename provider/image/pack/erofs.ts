import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { UserError } from "../../errors";
import type { Tree } from "../tree/tree";
import { checkedBytes } from "./checked-bytes";
import { type Packer, PackerMissing, type PackOptions } from "./packer";

/** Raised when the options below change: images of the same source are then made anew. */
const EROFS_VERSION = 1;

/**
 * Nothing of this machine may show in the image. lz4hc is what every version of erofs-utils and every kernel with erofs
 * knows; with clusters of 64 KB in place of 4 KB an image is an eighth smaller (130 MB of Debian: 57 MB, not 66 MB).
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

const INSTALL =
    "Install erofs-utils 1.5 or later on the machine that runs Pulumi: `apt install erofs-utils`, `dnf install erofs-utils`, `brew install erofs-utils`; or leave `format` at squashfs";

/** The file system of mkfs.erofs(1). */
export const erofs: Packer = {
    async version() {
        return ["erofs", EROFS_VERSION, await mkfsVersion()];
    },
    pack,
};

async function mkfsVersion(): Promise<string> {
    // Version 1.5 has it on stderr, and an exit status besides.
    const { stdout = "", stderr = "" } = await promisify(execFile)("mkfs.erofs", ["-V"], { env: environment() }).catch(
        (error) => {
            if (error.code === "ENOENT") {
                throw new PackerMissing({ what: "mkfs.erofs, which packs the image, is not installed", todo: INSTALL });
            }
            return error as { stdout?: string; stderr?: string };
        },
    );
    const [, found, major, minor] =
        /mkfs\.erofs (?:\(erofs-utils\) )?((\d+)\.(\d+)\S*)/.exec(`${stdout}${stderr}`) ?? [];
    if (found === undefined || Number(major) < 1 || (Number(major) === 1 && Number(minor) < 5)) {
        throw new PackerMissing({
            what: `mkfs.erofs ${found ?? "of unknown version"} is too old to pack the image`,
            todo: INSTALL,
        });
    }
    return found;
}

function environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
}

/** Files are staged beside the image first: only later versions of mkfs.erofs read a tar stream. */
async function pack(tree: Tree, file: string, { onBytes = () => {}, signal }: PackOptions = {}): Promise<void> {
    const stage = `${file}.stage`;
    try {
        await fill(stage, tree, onBytes, signal);
        await promisify(execFile)("mkfs.erofs", [...OPTIONS, file, stage], { env: environment(), signal }).catch(
            (error) => {
                signal?.throwIfAborted();
                throw new UserError({
                    what: `mkfs.erofs failed with exit status ${error.code}`,
                    said: `${error.stdout ?? ""}${error.stderr ?? ""}`.slice(-4000),
                    todo: "Look at free disk space first, and at the version of erofs-utils",
                });
            },
        );
    } finally {
        await remove(stage, tree);
    }
}

async function fill(
    stage: string,
    tree: Tree,
    onBytes: (done: number) => void,
    signal: AbortSignal | undefined,
): Promise<void> {
    let done = 0;
    const entries = tree.sorted();
    for (const [at, entry] of entries) {
        signal?.throwIfAborted();
        const local = path.join(stage, at);
        if (entry.kind === "directory") await mkdir(local, { mode: 0o700 });
        else if (entry.kind === "symlink") await symlink(entry.target, local);
        else {
            const counted = async function* () {
                for await (const chunk of checkedBytes(at, entry)) {
                    done += chunk.length;
                    onBytes(done);
                    yield chunk;
                }
            };
            await pipeline(Readable.from(counted()), createWriteStream(local, { flags: "wx" }), { signal });
            await chmod(local, entry.mode);
        }
    }
    // The deepest first: what is below a directory that nobody may enter can't be changed any more.
    for (const [at, entry] of entries.toReversed()) {
        if (entry.kind === "directory") await chmod(path.join(stage, at), entry.mode);
    }
}

async function remove(stage: string, tree: Tree): Promise<void> {
    for (const [at, entry] of tree.sorted()) {
        if (entry.kind === "directory") await chmod(path.join(stage, at), 0o700).catch(() => {});
    }
    await rm(stage, { recursive: true, force: true });
}
