import { type Failure, type Sentence, throwFailures } from "../../errors";
import type { Path } from "../../schema/values";
import { LocalProblem } from "../tree/local-files";

/** Collects all failures of a source, so that one preview reports them all. */
export class Problems {
    readonly failures: Failure[] = [];
    /** Warnings for the user, with which the image can be built. */
    readonly warnings: Failure[] = [];

    add(path: Path, problem: Sentence | undefined): void {
        if (problem !== undefined) this.failures.push({ path, ...problem });
    }

    warn(path: Path, problem: Sentence | undefined): void {
        if (problem !== undefined) this.warnings.push({ path, ...problem });
    }

    /** Throws one UserError for all failures, if there are any, in a build. */
    throw(): void {
        throwFailures(this.failures, "The image can't be built");
    }

    /** The result of `read`; undefined if it throws a LocalProblem, which is added here. */
    async reading<T>(path: Path, read: () => Promise<T>): Promise<T | undefined> {
        try {
            return await read();
        } catch (error) {
            if (!(error instanceof LocalProblem)) throw error;
            this.add(path, error.problem);
            return undefined;
        }
    }
}
