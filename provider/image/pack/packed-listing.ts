import { createHash, type Hash } from "node:crypto";
import { type Entry, Tree } from "../tree/tree";

const DATA = "#\n# START OF DATA - DO NOT MODIFY\n#\n";

interface Pending {
    path: string;
    mode: number;
    size: number;
    hash: Hash;
    left: number;
}

/**
 * Reads what `unsquashfs -pf` writes: a line for each file, then the bytes of all regular files one after another
 * (mksquashfs(1), "Pseudo file definitions"). Device nodes, pipes and sockets are left out: a service gets its own.
 */
export class PackedListing {
    readonly tree = new Tree();
    private head = Buffer.alloc(0);
    private files: Pending[] | undefined;
    private links: [path: string, target: string][] = [];

    constructor(private readonly image: string) {}

    write(chunk: Buffer): void {
        if (this.files !== undefined) {
            this.take(chunk);
            return;
        }
        this.head = Buffer.concat([this.head, chunk]);
        const at = this.head.indexOf(DATA);
        if (at < 0) return;
        const rest = this.head.subarray(at + DATA.length);
        this.files = this.readLines(this.head.toString("utf8", 0, at));
        this.head = Buffer.alloc(0);
        this.take(rest);
    }

    /** Whether everything came. The tree is complete then. */
    end(): boolean {
        this.take(Buffer.alloc(0));
        if (this.files === undefined || this.files.length > 0) return false;
        for (const [path, target] of this.links) {
            const entry = this.tree.get(target);
            if (entry !== undefined) this.tree.add(path, entry);
        }
        return true;
    }

    private readLines(text: string): Pending[] {
        const files: (Pending & { offset: number })[] = [];
        for (const line of text.split("\n")) {
            // A path has its spaces, quotes and backslashes escaped by a backslash.
            const match = /^((?:\\.|[^\\ ])+) ([A-Za-z]) (.*)$/s.exec(line);
            if (match === null) continue;
            const [, written, type, rest] = match as unknown as [string, string, string, string];
            const name = written.replace(/\\(.)/gs, "$1");
            const path = name.startsWith("/") ? name : `/${name}`;
            if (type === "L") {
                this.links.push([path, `/${rest.replace(/^\//, "")}`]);
                continue;
            }
            const [, mode = "", , , ...more] = rest.split(" ");
            const permissions = Number.parseInt(mode, 8);
            if (type === "D") this.add(path, { kind: "directory", mode: permissions });
            if (type === "S") this.add(path, { kind: "symlink", target: more.join(" ") });
            if (type === "R") {
                const [size, offset] = more.map(Number) as [number, number];
                files.push({ path, mode: permissions, size, offset, hash: createHash("sha256"), left: size });
            }
        }
        return files.sort((a, b) => a.offset - b.offset);
    }

    private take(chunk: Buffer): void {
        let rest = chunk;
        for (;;) {
            const [file] = this.files ?? [];
            if (file === undefined) return;
            const part = rest.subarray(0, file.left);
            file.hash.update(part);
            file.left -= part.length;
            rest = rest.subarray(part.length);
            if (file.left > 0) return;
            this.files?.shift();
            const { path, mode, size } = file;
            const content = { image: this.image, path };
            this.add(path, { kind: "file", mode, size, sha256: file.hash.digest("hex"), content });
        }
    }

    private add(path: string, entry: Entry): void {
        this.tree.add(path, entry);
    }
}
