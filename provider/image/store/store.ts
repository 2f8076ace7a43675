import { createHash } from "node:crypto";
import { open, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheDirectory } from "../../cache-directory";
import { sha256 } from "../../digest";
import { DigestCache } from "./digest-cache";
import { makeDirectory } from "./directories";
import { limitsOf, type StoreLimits } from "./limits";
import { locked } from "./lock";
import { pruneNowAndThen } from "./prune";
import { writeWholeOrNot } from "./write";

/** An image in the store. */
export interface StoredImage {
    /** Absolute path of the .raw. */
    file: string;
    /** SHA-256 of the .raw, in hexadecimal. */
    digest: string;
    sizeBytes: number;
}

/**
 * The user's store of built images, by a key of everything that they were built from. Each has a directory `images/KEY` that
 * appears completely or not at all (by a rename) and is never changed; its modification time is the time of its last use.
 * {@link pruneNowAndThen} removes some of them after a build.
 */
export class Store {
    private readonly building = new Map<string, Promise<StoredImage>>();
    private readonly digestCaches = new Map<string, DigestCache>();

    constructor(
        readonly directory: string,
        private readonly limits: StoreLimits = limitsOf({}),
    ) {}

    /** `$PORTABLE_STORE`, or else the provider's cache directory. */
    static directoryOf(environment: NodeJS.ProcessEnv): string {
        return path.resolve(environment.PORTABLE_STORE || cacheDirectory(environment));
    }

    /** Cached digests of a program's local files. */
    digestsOf(programDirectory: string): DigestCache {
        const existing = this.digestCaches.get(programDirectory);
        if (existing !== undefined) return existing;
        const name = `${sha256(programDirectory).slice(0, 32)}.json`;
        const cache = new DigestCache(path.join(this.directory, "digests", name));
        this.digestCaches.set(programDirectory, cache);
        return cache;
    }

    /** Writes new digests of all programs. */
    async saveDigests(): Promise<void> {
        await Promise.all([...this.digestCaches.values()].map((cache) => cache.save()));
    }

    /**
     * The image with the key. `build` writes it to the file that it gets. Concurrent callers, also of other processes, share one
     * build. `signal` ends the wait for another process.
     */
    get(key: string, build: (file: string) => Promise<void>, signal?: AbortSignal): Promise<StoredImage> {
        const running = this.building.get(key);
        if (running !== undefined) return running;
        const image = this.findOrBuild(key, build, signal).finally(() => this.building.delete(key));
        this.building.set(key, image);
        return image;
    }

    private async findOrBuild(
        key: string,
        build: (file: string) => Promise<void>,
        signal: AbortSignal | undefined,
    ): Promise<StoredImage> {
        const home = path.join(this.directory, "images", key);
        const found = await this.find(home);
        if (found !== undefined) return found;
        const lock = path.join(this.directory, "locks", key);
        const built = await locked(lock, async () => (await this.find(home)) ?? this.build(home, key, build), signal);
        await pruneNowAndThen(this.directory, this.limits);
        return built;
    }

    private async build(home: string, key: string, build: (file: string) => Promise<void>): Promise<StoredImage> {
        const fill = async (directory: string) => {
            const file = path.join(directory, "image.raw");
            await build(file);
            const digest = await syncedDigest(file);
            const { size } = await stat(file);
            await writeFile(path.join(directory, "image.json"), JSON.stringify({ digest, sizeBytes: size }));
        };
        const isUsable = async () => (await this.find(home)) !== undefined;
        await makeDirectory(this.directory, home, key, fill, isUsable);
        const built = await this.find(home);
        if (built === undefined) throw new Error(`the image that was just built is not in ${home}`);
        return built;
    }

    /**
     * The result of `find`, stored under the key in the directory `kind` for the next time. If the store can't be written, that
     * only costs time.
     */
    async remember<T>(kind: "inspections", key: string, find: () => Promise<T>): Promise<T> {
        const file = path.join(this.directory, kind, `${key}.json`);
        const now = new Date();
        try {
            const stored = JSON.parse(await readFile(file, "utf8")) as T;
            await utimes(file, now, now);
            return stored;
        } catch {
            // The note is absent, damaged or not readable, so it is computed again.
        }
        const found = await find();
        await writeWholeOrNot(file, JSON.stringify(found));
        return found;
    }

    private async find(home: string): Promise<StoredImage | undefined> {
        const file = path.join(home, "image.raw");
        try {
            const stored = JSON.parse(await readFile(path.join(home, "image.json"), "utf8")) as Omit<
                StoredImage,
                "file"
            >;
            if ((await stat(file)).size !== stored.sizeBytes) return undefined;
            const now = new Date();
            await utimes(home, now, now);
            return { file, digest: stored.digest, sizeBytes: stored.sizeBytes };
        } catch (error) {
            // The image is absent, being pruned, or truncated by a crash, so it is built again.
            if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
            throw error;
        }
    }
}

/** Syncs a file and returns its digest: otherwise a power cut could damage the image and leave its digest. */
async function syncedDigest(file: string): Promise<string> {
    const handle = await open(file, "r+");
    try {
        await handle.sync();
        const hash = createHash("sha256");
        for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
        return hash.digest("hex");
    } finally {
        await handle.close();
    }
}
