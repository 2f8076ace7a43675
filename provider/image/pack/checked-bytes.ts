import { closeSync, openSync, readSync } from "node:fs";
import { UserError } from "../../errors";
import { FileHash } from "../tree/file-hash";
import type { FileEntry } from "../tree/tree";

const CHUNK_BYTES = 256 * 1024;
const ONE_BYTE = Buffer.alloc(1);

/**
 * Reads the bytes of a file and hashes them again; throws a UserError if they aren't the resolved ones. Reads synchronously:
 * through the thread pool a tree of many files takes twice the CPU time.
 */
export class CheckedFile {
    private readonly hash = new FileHash();
    private readonly handle: number | undefined;
    private offset = 0;

    constructor(
        private readonly path: string,
        private readonly entry: FileEntry,
    ) {
        const { content } = entry;
        if ("image" in content) throw new Error(`${path} lies in a packed image, and an image is packed from files`);
        this.handle = "localPath" in content ? openSync(content.localPath, "r") : undefined;
    }

    /** Fills a part of the buffer, at least a byte, and returns the number of bytes. */
    read(into: Buffer): number {
        const length = this.readSome(into);
        if (length === 0) throw this.changed();
        this.offset += length;
        this.hash.update(into.subarray(0, length), this.offset === this.entry.size);
        return length;
    }

    /** Compares the digest of the read bytes with the resolved one. */
    finish(): void {
        if (this.handle === undefined) return;
        // If the file is only a part of a larger file of the store, other bytes follow.
        const { content } = this.entry;
        const isLonger = !("offset" in content) && this.readSome(ONE_BYTE) > 0;
        if (isLonger || this.hash.digest() !== this.entry.sha256) throw this.changed();
    }

    close(): void {
        if (this.handle !== undefined) closeSync(this.handle);
    }

    private readSome(into: Buffer): number {
        const { content } = this.entry;
        if ("bytes" in content) return content.bytes.copy(into, 0, this.offset);
        const start = "localPath" in content ? (content.offset ?? 0) : 0;
        return readSync(this.handle as number, into, 0, into.length, start + this.offset);
    }

    private changed(): UserError {
        const { content } = this.entry;
        const file = "localPath" in content ? `'${content.localPath}' (${this.path} in the image)` : this.path;
        return new UserError({
            what: `${file} has changed while the image was built`,
            todo: "Let its build finish, and run `pulumi up` again",
        });
    }
}

/** The bytes of a {@link CheckedFile} in chunks, each in a new buffer. */
export async function* checkedBytes(path: string, entry: FileEntry): AsyncGenerator<Buffer> {
    const file = new CheckedFile(path, entry);
    try {
        for (let left = entry.size; left > 0; ) {
            const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES));
            const length = file.read(chunk);
            left -= length;
            yield chunk.subarray(0, length);
        }
        file.finish();
    } finally {
        file.close();
    }
}
