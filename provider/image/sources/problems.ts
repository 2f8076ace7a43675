import { type Failure, type Sentence, throwFailures } from "../../errors";
import type { Path } from "../../schema/values";
import { LocalProblem } from "../tree/local-files";

/** Collects everything that is wrong with a source, so that one preview names it all. */
export class Problems {
    readonly failures: Failure[] = [];
    /** A warning for the user, which stops nothing. */
    readonly warnings: Failure[] = [];

    add(path: Path, problem: Sentence | undefined): void {
        if (problem !== undefined) this.failures.push({ path, ...problem });
    }

    warn(path: Path, problem: Sentence | undefined): void {
        if (problem !== undefined) this.warnings.push({ path, ...problem });
    }

    /** Throws one UserError for all failures, if there is one: for what only a build shows. */
    throw(): void {
        throwFailures(this.failures, "The image can't be built");
    }

    /** The result of `read`; undefined, with a note here, when something local can't be used. */
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
