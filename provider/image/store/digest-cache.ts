import { readFile } from "node:fs/promises";
import { writeWholeOrNot } from "./write";

/** The fields of inode(7) that change whenever the content of a file changes. */
export interface FileState {
    dev: bigint;
    ino: bigint;
    size: bigint;
    mtimeNs: bigint;
    ctimeNs: bigint;
}

interface Known {
    /** Device, inode, size, and the times in nanoseconds. */
    state: string;
    sha256: string;
    /** Day of its last use, counted from 1970. */
    day: number;
}

/** A file written this recently may be written again within the tick of the file system's clock. */
const SETTLED_MS = 2000;
const MAX_DAYS = 30;
/** 100 MB of records; more is forgotten, oldest first. */
const MAX_FILES = 400_000;
const DAY_MS = 86_400_000;
/** The first line; what begins otherwise is of another version, and is made anew. */
const VERSION_LINE = "digests 2";
const PIECE_LENGTH = 1 << 16;

/**
 * Digests of local files by path and state, kept between processes: unchanged files aren't read again. One record for
 * each program, replaced as a whole: of two processes that write at once, the later one's additions stay, and what is
 * lost is hashed again.
 */
export class DigestCache {
    private readonly entries = new Map<string, Known>();
    private loaded: Promise<void> | undefined;
    private isChanged = false;

    /** `file` keeps the digests; without it they are known to this process alone. */
    constructor(private readonly file?: string) {}

    /** Digest of the file in that state; `hash` reads it where it isn't known. */
    async digest(localPath: string, status: FileState, hash: () => Promise<string>): Promise<string> {
        await this.ready();
        const recalled = this.recall(localPath, status);
        if (recalled !== undefined) return recalled;
        const found = await hash();
        this.remember(localPath, status, found);
        return found;
    }

    /** Keeps the digest of a file in that state, unless it was changed so lately that it may be changed again unseen. */
    remember(localPath: string, status: FileState, found: string): void {
        if (Date.now() - Number(status.ctimeNs / 1_000_000n) > SETTLED_MS) {
            this.entries.set(localPath, { state: stateOf(status), sha256: found, day: today() });
            this.isChanged = true;
        }
    }

    /** Before it `recall` knows nothing of other processes. */
    ready(): Promise<void> {
        this.loaded ??= this.load();
        return this.loaded;
    }

    /** Digest of the file in that state, where it is known. */
    recall(localPath: string, status: FileState): string | undefined {
        const entry = this.entries.get(localPath);
        if (entry === undefined || entry.state !== stateOf(status)) return undefined;
        entry.day = today();
        return entry.sha256;
    }

    /** Writes down what is new. A store that can't be written costs time only. */
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

/** A line for each file, in pieces: the whole text at once would take more memory than a build needs. */
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

/** Undefined for a line that was damaged. */
function recordOf(line: string): DigestRecord | undefined {
    try {
        return JSON.parse(line);
    } catch {
        return undefined;
    }
}
