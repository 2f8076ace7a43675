import type { Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { followLinks } from "./paths";

export interface Found {
    /** The path with symbolic links resolved. */
    path: string;
    status: Stats;
    /** The symbolic links that were followed, with their targets. */
    links: [path: string, target: string][];
}

/** The files below a directory, with paths as after chroot(2) into it. */
export class RootFiles {
    private readonly statuses = new Map<string, Promise<{ status: Stats; target?: string } | undefined>>();

    /** `directory` is absolute; "/" is this machine's root. */
    constructor(readonly directory: string) {}

    /** The path on this machine. */
    local(inRoot: string): string {
        return path.join(this.directory, inRoot);
    }

    /** The entry at an absolute path; undefined if there is none. */
    async find(written: string): Promise<Found | undefined> {
        const walk = followLinks(written);
        let step = walk.next();
        while (!step.done) step = walk.next(await this.statusOf(step.value));
        if (!step.value?.exists) return undefined;
        const { path: reached, links } = step.value;
        const end = await this.statusOf(reached);
        return end && { path: reached, status: end.status, links };
    }

    /** The text of a file; undefined if there is none. */
    async text(written: string): Promise<string | undefined> {
        const found = await this.find(written);
        return found?.status.isFile() ? readFile(this.local(found.path), "utf8") : undefined;
    }

    /** Names in a directory; empty if it doesn't exist. */
    async names(written: string): Promise<string[]> {
        const found = await this.find(written);
        return found?.status.isDirectory() ? (await readdir(this.local(found.path))).sort() : [];
    }

    private statusOf(path: string) {
        const status = this.statuses.get(path) ?? this.read(path);
        this.statuses.set(path, status);
        return status;
    }

    private async read(path: string): Promise<{ status: Stats; target?: string } | undefined> {
        try {
            const status = await lstat(this.local(path));
            return { status, target: status.isSymbolicLink() ? await readlink(this.local(path)) : undefined };
        } catch (error) {
            if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
            throw error;
        }
    }
}
