import { FileHash } from "../tree/file-hash";
import { nameOf, parentOf } from "../tree/paths";
import { type Entry, Tree } from "../tree/tree";

const DATA = "#\n# START OF DATA - DO NOT MODIFY\n#\n";
/** A path, in which spaces, quotes and backslashes are escaped by a backslash, but newlines aren't. */
const NAME = String.raw`(?:\\[\s\S]|[^\\ ])+`;
const HEAD = new RegExp(`(${NAME}) ([A-Za-z]) `, "y");
/** Pattern of time, mode, owner and group. */
const ATTRIBUTES = /\d+ ([0-7]+) \d+ \d+/y;
const REST: Record<string, RegExp> = {
    D: /\n/y,
    R: / (\d+) (\d+)(?: \d+)?\n/y,
    I: / [fs]\n/y,
    B: / \d+ \d+\n/y,
    C: / \d+ \d+\n/y,
    S: / /y,
};
const LINK_TARGET = new RegExp(`${NAME}(?: |$)`, "y");
/** Pattern of the beginning of a line that describes a file. */
const RECORD = new RegExp(String.raw`(${NAME}) (?:[A-Z] \d+ [0-7]+ \d+ \d+[ \n]|L |x )`, "y");

interface Pending {
    path: string;
    mode: number;
    size: number;
    offset: number;
    hash: FileHash;
    left: number;
}

/** The listing has names or targets that can be parsed in more than one way. */
export class AmbiguousListing extends Error {}

/**
 * Parses the output of `unsquashfs -pf`: a line for each file, then the bytes of all regular files (mksquashfs(1), "Pseudo file
 * definitions"). Device nodes, pipes and sockets are left out, since a service gets its own.
 */
export class PackedListing {
    readonly tree = new Tree();
    private head = Buffer.alloc(0);
    private files: Pending[] | undefined;
    /** Index of the file whose bytes come next. */
    private next = 0;
    private links: [path: string, target: string][] = [];

    constructor(private readonly image: string) {}

    write(chunk: Buffer): void {
        if (this.files !== undefined) {
            this.take(chunk);
            return;
        }
        this.head = Buffer.concat([this.head, chunk]);
        const end = this.head.indexOf(DATA);
        if (end < 0) return;
        const rest = this.head.subarray(end + DATA.length);
        this.files = this.readRecords(this.head.toString("utf8", 0, end));
        this.head = Buffer.alloc(0);
        this.take(rest);
    }

    /** Whether the output was complete, so that the tree is complete. */
    end(): boolean {
        this.take(Buffer.alloc(0));
        if (this.files === undefined || this.next < this.files.length) return false;
        for (const [path, target] of this.links) {
            const entry = this.tree.get(target);
            if (entry !== undefined) this.tree.add(path, entry);
        }
        return true;
    }

    private readRecords(text: string): Pending[] {
        const files: Pending[] = [];
        const order = new ListOrder();
        const scanner = new Scanner(text, order);
        while (!scanner.isAtEnd) {
            const [written = "", type = ""] = scanner.take(HEAD);
            const path = pathOf(written);
            order.add(path);
            if (type === "L") {
                this.links.push([path, scanner.takeLinkTarget()]);
                continue;
            }
            if (type === "x") {
                scanner.takeText();
                continue;
            }
            const [mode = ""] = scanner.take(ATTRIBUTES);
            const permissions = Number.parseInt(mode, 8);
            const [size, offset] = scanner.take(REST[type] ?? /[^\n]*\n/y).map(Number);
            if (type === "D") this.tree.add(path, { kind: "directory", mode: permissions });
            if (type === "S") this.tree.add(path, { kind: "symlink", target: scanner.takeText() });
            if (type !== "R" || size === undefined || offset === undefined) continue;
            files.push({ path, mode: permissions, size, offset, hash: new FileHash(), left: size });
        }
        return inOrder(files);
    }

    private take(chunk: Buffer): void {
        let rest = chunk;
        for (;;) {
            const file = this.files?.[this.next];
            if (file === undefined) return;
            const part = rest.subarray(0, file.left);
            file.left -= part.length;
            if (part.length > 0) file.hash.update(part, file.left === 0);
            rest = rest.subarray(part.length);
            if (file.left > 0) return;
            this.next++;
            const { path, mode, size } = file;
            const content = { image: this.image, path };
            this.add(path, { kind: "file", mode, size, sha256: file.hash.digest(), content });
        }
    }

    private add(path: string, entry: Entry): void {
        this.tree.add(path, entry);
    }
}

/** Scans the listing from its beginning to its end. */
class Scanner {
    private position = 0;

    constructor(
        private readonly text: string,
        private readonly order: ListOrder,
    ) {}

    get isAtEnd(): boolean {
        return this.position >= this.text.length;
    }

    /** The groups of a sticky pattern, which must match at the current position. */
    take(pattern: RegExp): string[] {
        pattern.lastIndex = this.position;
        const match = pattern.exec(this.text);
        if (match === null) throw new AmbiguousListing();
        this.position = pattern.lastIndex;
        return match.slice(1);
    }

    /** An unescaped text, which ends before the line that describes the next file. */
    takeText(): string {
        return this.takeUpTo(this.text.length, () => true);
    }

    /** The target of a hard link, which must have been listed before. */
    takeLinkTarget(): string {
        LINK_TARGET.lastIndex = this.position;
        const [span = ""] = LINK_TARGET.exec(this.text) ?? [];
        return pathOf(this.takeUpTo(this.position + span.length, (written) => this.order.has(pathOf(written))));
    }

    /** A text up to a line feed before a valid line, as both the text and the next name may have line feeds. */
    private takeUpTo(limit: number, isRight: (text: string) => boolean): string {
        const start = this.position;
        const lineEnds: number[] = [];
        for (
            let end = this.text.indexOf("\n", start);
            end >= 0 && end < limit;
            end = this.text.indexOf("\n", end + 1)
        ) {
            const next = this.nextPath(end + 1);
            if (next === undefined || !isRight(this.text.slice(start, end))) continue;
            if (next === "" || this.order.isNext(next)) lineEnds.push(end);
            // Later line feeds belong to later lines.
            if (next !== "" && !next.includes("\n")) break;
        }
        const [end, ...others] = lineEnds;
        if (end === undefined || others.length > 0) throw new AmbiguousListing();
        this.position = end + 1;
        return this.text.slice(start, end);
    }

    /** The path in the line that begins at the position; "" at the end of the listing, undefined if no line begins there. */
    private nextPath(position: number): string | undefined {
        if (position >= this.text.length) return "";
        RECORD.lastIndex = position;
        const [, written] = RECORD.exec(this.text) ?? [];
        return written === undefined ? undefined : pathOf(written);
    }
}

/** The order of a listing: a directory comes before its entries, which are sorted by the bytes of their names. */
class ListOrder {
    private readonly paths = new Set<string>();
    private readonly last = new Map<string, Buffer>();

    add(path: string): void {
        this.paths.add(path);
        this.last.set(parentOf(path), Buffer.from(nameOf(path)));
    }

    has(path: string): boolean {
        return this.paths.has(path);
    }

    isNext(path: string): boolean {
        const before = this.last.get(parentOf(path));
        const isSorted = before === undefined || Buffer.compare(before, Buffer.from(nameOf(path))) < 0;
        return this.paths.has(parentOf(path)) && isSorted;
    }
}

function pathOf(written: string): string {
    const name = written.replace(/\\([\s\S])/g, "$1");
    return name.startsWith("/") ? name : `/${name}`;
}

/** Sorts files by the position of their bytes, which must have no gaps: a misread name or target would result in one. */
function inOrder(files: Pending[]): Pending[] {
    let end = 0;
    for (const file of files.sort((a, b) => a.offset - b.offset || a.size - b.size)) {
        if (file.offset !== end) throw new AmbiguousListing();
        end += file.size;
    }
    return files;
}
