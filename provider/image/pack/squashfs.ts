import { spawn } from "node:child_process";
import { plainEnvironment } from "../../environment";
import { UserError } from "../../errors";
import { isIn } from "../tree/paths";
import type { Tree } from "../tree/tree";
import { CheckedFile } from "./checked-bytes";
import { EXTENSION_RELEASE } from "./extension";
import { type Packer, type PackOptions, type Tool, toolVersion } from "./packer";
import { TarWriter } from "./tar-writer";

/** Bump when the options below change, so that images of the same source are packed again. */
const SQUASHFS_VERSION = 1;

export const squashfs: Packer = {
    async version() {
        return [SQUASHFS_VERSION, await toolVersion(MKSQUASHFS)];
    },
    pack: packSquashfs,
};

/**
 * Options with which the image doesn't depend on this machine: owners, times and permissions come from the tar stream and the
 * options, the order of files from the stream. `-no-tailends` keeps the ends of large files out of the blocks that small files
 * share. For 56 MB in 1,154 files it saves little (with a changed unit and 7 changed bytes of a library, 61 KB are uploaded, and
 * 65 KB without it; the image has the same size), but it makes the result independent of the default of mksquashfs.
 */
const OPTIONS = [
    "-tar",
    "-comp",
    "zstd",
    // The default, 15, takes ten times as long for 7 % less (137 MB of programs: 31 s for 50.4 MB, 3 s for 54.2 MB).
    "-Xcompression-level",
    "9",
    "-all-root",
    "-mkfs-time",
    "0",
    "-all-time",
    "0",
    "-no-tailends",
    "-noappend",
    "-no-progress",
    "-quiet",
];

const MKSQUASHFS: Tool = {
    program: "mksquashfs",
    versionOption: "-version",
    versionPattern: /version ((\d+)\.(\d+)\S*)/,
    oldest: [4, 5],
    missingFeature: "it can't read a tar stream",
    name: "squashfs-tools",
    install:
        "`apt install squashfs-tools`, `dnf install squashfs-tools`, `brew install squashfs`, `nix profile install nixpkgs#squashfsTools`",
};

/**
 * Packs the tree into a new file. Every file is hashed again; throws a UserError if it isn't the resolved one. `onBytes` is
 * called with the number of packed bytes of files.
 */
async function packSquashfs(tree: Tree, file: string, options: PackOptions = {}): Promise<void> {
    const root = tree.get("/");
    const rootMode = root?.kind === "directory" ? root.mode : 0o755;
    const attributes = tree.get(EXTENSION_RELEASE) === undefined ? "-no-xattrs" : "-xattrs";
    const child = spawn("mksquashfs", ["-", file, ...OPTIONS, attributes, "-root-mode", rootMode.toString(8)], {
        env: plainEnvironment(),
        stdio: ["pipe", "ignore", "pipe"],
        signal: options.signal,
        killSignal: "SIGKILL",
    });
    let reported = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        reported = (reported + text).slice(-4000);
    });
    const ended = new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    ended.catch(() => {});
    // EPIPE if the program exits early; the reason is in its exit status and output.
    child.stdin.on("error", () => {});
    const writer = new TarWriter(
        (bytes) =>
            new Promise((resolve, reject) => {
                child.stdin.write(bytes, (error) => (error ? reject(error) : resolve()));
            }),
    );
    const [written] = await Promise.allSettled([
        writeTree(tree, writer, options.onBytes ?? (() => {})).then(
            () => child.stdin.end(),
            (error) => {
                child.kill("SIGKILL");
                throw error;
            },
        ),
    ]);
    const code = await ended;
    options.signal?.throwIfAborted();
    if (written.status === "rejected" && written.reason instanceof UserError) throw written.reason;
    if (code === 0 && written.status === "rejected") throw written.reason;
    if (code !== 0) {
        throw new UserError({
            what: `mksquashfs failed with exit status ${code}`,
            reported,
            todo: "Look at free disk space first, and at the version of squashfs-tools",
        });
    }
}

/** Lets systemd before 257 accept an extension with a version in its file name (extension-release in os-release(5)). */
const ANY_FILE_NAME = { "SCHILY.xattr.user.extension-release.strict": "0" };

async function writeTree(tree: Tree, writer: TarWriter, onBytes: (done: number) => void): Promise<void> {
    let done = 0;
    for (const [path, entry] of tree.sorted()) {
        // The root isn't in the stream: mksquashfs would print a warning, and has its mode from -root-mode.
        if (path === "/") continue;
        const name = path.slice(1);
        if (entry.kind === "directory") {
            await writer.header({ name: `${name}/`, type: "directory", mode: entry.mode });
        } else if (entry.kind === "symlink") {
            await writer.header({ name, type: "symlink", linkname: entry.target, mode: 0o777 });
        } else {
            const pax = isIn(path, EXTENSION_RELEASE) ? ANY_FILE_NAME : undefined;
            await writer.header({ name, type: "file", mode: entry.mode, size: entry.size, pax });
            const reader = new CheckedFile(path, entry);
            try {
                for (let left = entry.size; left > 0; ) {
                    const room = await writer.room();
                    const length = reader.read(room.subarray(0, left));
                    writer.advance(length);
                    left -= length;
                    done += length;
                    onBytes(done);
                }
                reader.finish();
            } finally {
                reader.close();
            }
        }
    }
    // mksquashfs may exit after the end-of-archive block, before the padding is written. EPIPE is fine then, as its exit status
    // shows whether everything arrived.
    await writer.end().catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
    });
}
