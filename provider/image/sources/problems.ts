import type { Failure } from "../../errors";
import type { Path } from "../../schema/values";
import { LocalProblem } from "../tree/local-files";

/** Collects everything that is wrong with a source, so that one preview names it all. */
export class Problems {
    readonly failures: Failure[] = [];
    /** What the user should know, and what stops nothing. */
    readonly warnings: Failure[] = [];

    add(path: Path, reason: string | undefined): void {
        if (reason !== undefined) this.failures.push({ path, what: reason });
    }

    warn(path: Path, reason: string | undefined): void {
        if (reason !== undefined) this.warnings.push({ path, what: reason });
    }

    /** What `read` gives; undefined, and noted here, when something local can't be used. */
    async reading<T>(path: Path, read: () => Promise<T>): Promise<T | undefined> {
        try {
            return await read();
        } catch (error) {
            if (!(error instanceof LocalProblem)) throw error;
            this.add(path, error.message);
            return undefined;
        }
    }
}
