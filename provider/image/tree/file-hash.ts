import { createHash, type Hash } from "node:crypto";
import { sha256 } from "../../digest";

/** SHA-256 of a file that comes in parts. One that comes at once needs no state, which counts for trees of many files. */
export class FileHash {
    private hash: Hash | undefined;
    private whole: string | undefined;

    /** `isLast`: nothing follows. */
    update(part: Buffer, isLast: boolean): void {
        if (isLast && this.hash === undefined) {
            this.whole = sha256(part);
            return;
        }
        this.hash ??= createHash("sha256");
        this.hash.update(part);
    }

    /** In hexadecimal; that of no bytes where none came. */
    digest(): string {
        return this.whole ?? this.hash?.digest("hex") ?? EMPTY;
    }
}

const EMPTY = sha256("");
