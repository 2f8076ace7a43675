import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import { localFile } from "../tree/local-files";
import { Tree } from "../tree/tree";
import { AmbiguousListing, PackedListing } from "./packed-listing";
import { imageFormat } from "./superblock";

/** Why the files of a ready image can't be listed. */
export interface Unread {
    /** Whether the image can't be used; false if only this machine can't open it. */
    isBroken: boolean;
    /** A sentence without its full stop. */
    what: string;
    todo: string;
}

/**
 * Calls `use` with the files of a ready image, which can be read until it returns. Every byte of the image is read once, so that
 * damage is noticed.
 */
export async function withReadyTree<T>(
    file: string,
    use: (tree: Tree) => Promise<T>,
    signal?: AbortSignal,
): Promise<{ found: T } | { unread: Unread }> {
    const format = await imageFormat(file);
    if (format === "squashfs") {
        const tree = await readSquashfs(file, signal);
        return tree instanceof Tree ? { found: await use(tree) } : { unread: tree };
    }
    if (format === "erofs") return withErofs(file, use, signal);
    return {
        unread: {
            isBroken: false,
            what: "what is in the image wasn't checked: only squashfs and erofs are looked into",
            todo: "Look with `portablectl inspect` on the host",
        },
    };
}

async function readSquashfs(file: string, signal: AbortSignal | undefined): Promise<Tree | Unread> {
    // unsquashfs writes the listing to the path /dev/stdout, which can be opened for a pipe, but not for the sockets of Node.js.
    const child = spawn("sh", ["-c", 'unsquashfs -no-progress -pf /dev/stdout "$0" | cat', file], {
        stdio: ["ignore", "pipe", "pipe"],
        env: plainEnvironment(),
        signal,
    });
    let errorOutput = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        errorOutput = (errorOutput + text).slice(-4000);
    });
    const closed = new Promise<void>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", () => resolve());
    });
    closed.catch(() => {});
    const listing = new PackedListing(file);
    try {
        for await (const chunk of child.stdout) listing.write(chunk as Buffer);
    } catch (error) {
        if (!(error instanceof AmbiguousListing)) throw error;
        return {
            isBroken: false,
            what: "what is in the image wasn't checked: it has names of files that unsquashfs doesn't list clearly",
            todo: "Look for line feeds in its names and symbolic links",
        };
    }
    await closed;
    signal?.throwIfAborted();
    if (listing.end() && !/^(FATAL ERROR|Failed to read)/m.test(errorOutput)) return listing.tree;
    if (/unsquashfs: (command )?not found/.test(errorOutput))
        return missing("unsquashfs", "squashfs-tools 4.5 or later");
    return damaged("squashfs", errorOutput);
}

async function withErofs<T>(
    file: string,
    use: (tree: Tree) => Promise<T>,
    signal: AbortSignal | undefined,
): Promise<{ found: T } | { unread: Unread }> {
    const directory = await mkdtemp(path.join(tmpdir(), "portable-image-"));
    try {
        const root = path.join(directory, "root");
        const args = [`--extract=${root}`, "--no-preserve-owner", "--preserve-perms", file];
        await promisify(execFile)("fsck.erofs", args, { signal });
        const tree = new Tree();
        tree.add("/", { kind: "directory", mode: (await stat(root)).mode & 0o7777 });
        await addDirectory(tree, root, "");
        return { found: await use(tree) };
    } catch (error) {
        const { code, stderr } = error as { code?: unknown; stderr?: string };
        if (code === "ENOENT") return { unread: missing("fsck.erofs", "erofs-utils 1.5 or later") };
        if (typeof code !== "number" || stderr === undefined) throw error;
        return { unread: damaged("erofs", stderr) };
    } finally {
        await rm(directory, { recursive: true, force: true });
    }
}

async function addDirectory(tree: Tree, root: string, above: string): Promise<void> {
    for (const child of await readdir(path.join(root, above), { withFileTypes: true })) {
        const imagePath = `${above}/${child.name}`;
        const local = path.join(root, imagePath);
        if (child.isSymbolicLink()) tree.add(imagePath, { kind: "symlink", target: await readlink(local) });
        if (!child.isFile() && !child.isDirectory()) continue;
        const mode = (await stat(local)).mode & 0o7777;
        if (child.isFile()) tree.add(imagePath, await localFile(local, "/", mode));
        else {
            tree.add(imagePath, { kind: "directory", mode });
            await addDirectory(tree, root, imagePath);
        }
    }
}

function missing(program: string, packages: string): Unread {
    return {
        isBroken: false,
        what: `what is in the image wasn't checked: ${program} isn't installed on this machine`,
        todo: `Install ${packages} to have it checked before the upload`,
    };
}

function damaged(format: string, errorOutput: string): Unread {
    const [line] = errorOutput.trim().split("\n");
    return {
        isBroken: true,
        what: `the image is a damaged ${format}${line ? ` (${line.replace(/\.$/, "")})` : ""}`,
        todo: "Copy or build it again",
    };
}
