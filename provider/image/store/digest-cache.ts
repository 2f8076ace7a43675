import { readFile } from "node:fs/promises";
import { writeWholeOrNot } from "./write";

/** Fields of inode(7) by which a change of a file's content is detected. */
export interface FileState {
    dev: bigint;
    ino: bigint;
    size: bigint;
    mtimeNs: bigint;
    ctimeNs: bigint;
}

interface Known {
    /** Device, inode, size and times in nanoseconds. */
    state: string;
    sha256: string;
    /** Day of its last use, counted from 1970. */
    day: number;
}

/** Age below which a file isn't recorded, as it may be written again within the resolution of the file system's clock. */
const SETTLED_MS = 2000;
const MAX_DAYS = 30;
/** Maximum number of entries (100 MB); beyond it the oldest are removed. */
const MAX_FILES = 400_000;
const DAY_MS = 86_400_000;
/** The first line. A file with another first line was written by another version and is ignored. */
const VERSION_LINE = "digests 2";
const PIECE_LENGTH = 1 << 16;

/**
 * Digests of local files by path and status, stored between processes, so that unchanged files aren't read again. There is one
 * file for each program, which is replaced as a whole: if two processes write it at once, entries of one are lost, and these
 * files are hashed again.
 */
export class DigestCache {
    private readonly entries = new Map<string, Known>();
    private loaded: Promise<void> | undefined;
    private isChanged = false;

    /** `file` stores the digests; without it they are only kept in memory. */
    constructor(private readonly file?: string) {}

    /** Digest of the file with this status; `hash` reads the file if the digest is unknown. */
    async digest(localPath: string, status: FileState, hash: () => Promise<string>): Promise<string> {
        await this.ready();
        const recalled = this.recall(localPath, status);
        if (recalled !== undefined) return recalled;
        const found = await hash();
        this.remember(localPath, status, found);
        return found;
    }

    /** Stores the digest of a file with this status, unless it changed so recently that another change may go unnoticed. */
    remember(localPath: string, status: FileState, found: string): void {
        if (Date.now() - Number(status.ctimeNs / 1_000_000n) > SETTLED_MS) {
            this.entries.set(localPath, { state: stateOf(status), sha256: found, day: today() });
            this.isChanged = true;
        }
    }

    /** Loads digests of other processes, for `recall`. */
    ready(): Promise<void> {
        this.loaded ??= this.load();
        return this.loaded;
    }

    /** Digest of the file with this status; undefined if it is unknown. */
    recall(localPath: string, status: FileState): string | undefined {
        const entry = this.entries.get(localPath);
        if (entry === undefined || entry.state !== stateOf(status)) return undefined;
        entry.day = today();
        return entry.sha256;
    }

    /** Writes new digests to the file. A failure only costs time. */
    async save(): Promise<void> {
        if (!this.isChanged || this.file === undefined) return;
        this.isChanged = false;
        const oldest = today() - MAX_DAYS;
        await writeWholeOrNot(this.file, linesOf(this.entries, oldest));
    }

    private async load(): Promise<void> {
        const text = this.file === undefined ? "" : await readFile(this.file, "utf8").catch(() => "");
        const [version, ...lines] = text.split("\n");
        if (version !== VERSION_LINE) return;
        for (const line of lines) {
            const [name, state, digest, day] = recordOf(line) ?? [];
            if (name !== undefined && state !== undefined && digest !== undefined && day !== undefined)
                this.entries.set(name, { state, sha256: digest, day });
        }
    }
}

function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: FileState): string {
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function today(): number {
    return Math.floor(Date.now() / DAY_MS);
}

type DigestRecord = [name: string, state: string, sha256: string, day: number];

/** A line for each file, in pieces, as the whole text would take more memory than a build. */
function* linesOf(entries: ReadonlyMap<string, Known>, oldestDay: number): Generator<string> {
    const excess = entries.size - MAX_FILES;
    let index = 0;
    let piece = VERSION_LINE;
    for (const [name, { state, sha256: digest, day }] of entries) {
        if (index++ < excess || day < oldestDay) continue;
        piece += `\n${JSON.stringify([name, state, digest, day] satisfies DigestRecord)}`;
        if (piece.length < PIECE_LENGTH) continue;
        yield piece;
        piece = "";
    }
    yield piece;
}

/** Parses a line; undefined if it is damaged. */
function recordOf(line: string): DigestRecord | undefined {
    try {
        return JSON.parse(line);
    } catch {
        return undefined;
    }
}
