import { createHash, type Hash } from "node:crypto";
import { sha256 } from "../../digest";

/** SHA-256 of a file in parts. A file in a single part is hashed without a state, which matters for trees of many files. */
export class FileHash {
    private hash: Hash | undefined;
    private whole: string | undefined;

    /** Adds a part; `isLast` is whether no other part follows. */
    update(part: Buffer, isLast: boolean): void {
        if (isLast && this.hash === undefined) {
            this.whole = sha256(part);
            return;
        }
        this.hash ??= createHash("sha256");
        this.hash.update(part);
    }

    /** The hexadecimal digest; that of an empty file if there were no bytes. */
    digest(): string {
        return this.whole ?? this.hash?.digest("hex") ?? EMPTY;
    }
}

const EMPTY = sha256("");
