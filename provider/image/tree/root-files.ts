import type { Stats } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { join, parentOf } from "./tree";

/** As many symbolic links as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

export interface Found {
    /** Where the path leads, without symbolic links. */
    path: string;
    status: Stats;
    /** The symbolic links on the way, each with its target as written. */
    links: [path: string, target: string][];
}

/** The files below a directory, as they are seen after chroot(2) into it: absolute links start there. */
export class RootFiles {
    private readonly known = new Map<string, Promise<{ status: Stats; target?: string } | undefined>>();

    /** `directory` is absolute; "/" is the machine's own root. */
    constructor(readonly directory: string) {}

    /** Path of this machine. */
    local(inRoot: string): string {
        return path.join(this.directory, inRoot);
    }

    /** What is at an absolute path; undefined where nothing is. */
    async find(written: string): Promise<Found | undefined> {
        let rest = stepsOf(written);
        let at = "/";
        const links: Found["links"] = [];
        for (;;) {
            const [step, ...more] = rest;
            if (step === undefined) break;
            rest = more;
            if (step === "..") {
                at = parentOf(at);
                continue;
            }
            const next = join(at, step);
            const found = await this.look(next);
            if (found === undefined) return undefined;
            if (found.target === undefined) {
                at = next;
                continue;
            }
            links.push([next, found.target]);
            if (links.length > MAX_LINKS) return undefined;
            rest = [...stepsOf(found.target), ...rest];
            if (found.target.startsWith("/")) at = "/";
        }
        const end = await this.look(at);
        return end && { path: at, status: end.status, links };
    }

    /** The text of a file; undefined where there is none. */
    async text(written: string): Promise<string | undefined> {
        const found = await this.find(written);
        return found?.status.isFile() ? readFile(this.local(found.path), "utf8") : undefined;
    }

    /** Names in a directory; none where there is no directory. */
    async names(written: string): Promise<string[]> {
        const found = await this.find(written);
        return found?.status.isDirectory() ? (await readdir(this.local(found.path))).sort() : [];
    }

    private look(at: string) {
        const known = this.known.get(at) ?? this.read(at);
        this.known.set(at, known);
        return known;
    }

    private async read(at: string): Promise<{ status: Stats; target?: string } | undefined> {
        try {
            const status = await lstat(this.local(at));
            return { status, target: status.isSymbolicLink() ? await readlink(this.local(at)) : undefined };
        } catch (error) {
            if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
            throw error;
        }
    }
}

function stepsOf(written: string): string[] {
    return written.split("/").filter((step) => step !== "" && step !== ".");
}
