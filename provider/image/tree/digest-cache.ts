import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../../digest";

/** What changes whenever the content of a file does (inode(7)). */
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
    /** Day it was last asked for, since 1970. */
    day: number;
}

/** A file written this recently may be written again within the tick of the file system's clock. */
const SETTLED_MS = 2000;
const MAX_DAYS = 30;
/** 100 MB of records; more is forgotten, oldest first. */
const MAX_FILES = 400_000;
const DAY_MS = 86_400_000;

/**
 * Digests of local files by path and state, kept between processes: what hasn't changed isn't read again. One record
 * for each program, replaced as a whole: of two processes that write at once, the later one's additions stay, and what
 * is lost is hashed again.
 */
export class DigestCache {
    private readonly known = new Map<string, Known>();
    private loaded: Promise<void> | undefined;
    private isChanged = false;

    /** `file`: where it is kept; undefined for this process alone. */
    constructor(private readonly file?: string) {}

    /** The cache of a program below a store's directory. */
    static of(storeDirectory: string, programDirectory: string): DigestCache {
        const key = `${storeDirectory}\0${programDirectory}`;
        const known = caches.get(key);
        if (known !== undefined) return known;
        const name = `${sha256(programDirectory).slice(0, 32)}.json`;
        const cache = new DigestCache(path.join(storeDirectory, "digests", name));
        caches.set(key, cache);
        return cache;
    }

    /** Writes down what is new in any of them. */
    static async saveAll(): Promise<void> {
        await Promise.all([...caches.values()].map((cache) => cache.save()));
    }

    /** Digest of the file in that state; `hash` reads it where it isn't known. */
    async digest(localPath: string, status: FileState, hash: () => Promise<string>): Promise<string> {
        await this.ready();
        const known = this.recall(localPath, status);
        if (known !== undefined) return known;
        const found = await hash();
        if (Date.now() - Number(status.ctimeNs / 1_000_000n) > SETTLED_MS) {
            this.known.set(localPath, { state: stateOf(status), sha256: found, day: today() });
            this.isChanged = true;
        }
        return found;
    }

    /** Before it `recall` knows nothing of other processes. */
    ready(): Promise<void> {
        this.loaded ??= this.load();
        return this.loaded;
    }

    /** Digest of the file in that state, where it is known. */
    recall(localPath: string, status: FileState): string | undefined {
        const known = this.known.get(localPath);
        if (known === undefined || known.state !== stateOf(status)) return undefined;
        known.day = today();
        return known.sha256;
    }

    /** Writes down what is new. A store that can't be written costs time only. */
    async save(): Promise<void> {
        if (!this.isChanged || this.file === undefined) return;
        this.isChanged = false;
        const oldest = today() - MAX_DAYS;
        const kept = [...this.known].filter(([, { day }]) => day >= oldest).slice(-MAX_FILES);
        const files = Object.fromEntries(kept.map(([name, known]) => [name, [known.state, known.sha256, known.day]]));
        const temporary = `${this.file}.${process.pid}.new`;
        try {
            await mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
            await writeFile(temporary, JSON.stringify({ version: 1, files }), { mode: 0o600 });
            await rename(temporary, this.file);
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === undefined) throw error;
            await rm(temporary, { force: true }).catch(() => {});
        }
    }

    private async load(): Promise<void> {
        const text = this.file === undefined ? undefined : await readFile(this.file, "utf8").catch(() => undefined);
        for (const [name, [state, digest, day]] of Object.entries(recordOf(text))) {
            this.known.set(name, { state, sha256: digest, day });
        }
    }
}

const caches = new Map<string, DigestCache>();

function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: FileState): string {
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function today(): number {
    return Math.floor(Date.now() / DAY_MS);
}

/** Empty where there is none, or one that was damaged or is of another version. */
function recordOf(text: string | undefined): Record<string, [string, string, number]> {
    try {
        const { version, files } = JSON.parse(text ?? "{}");
        return version === 1 ? files : {};
    } catch {
        return {};
    }
}
