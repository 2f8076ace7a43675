import { type Failure, problemText } from "../../provider/errors";
import { pathText } from "../../provider/schema/values";

/** The fault and what to do: `There is no 'x'. Make it, or correct the path.` */
export function sentence({ what, todo }: Pick<Failure, "what" | "todo">): string {
    return problemText({ what, todo });
}

/** `source.files.units[0]: ` before each; directories of tests left out of paths. */
export function placed(failures: readonly Failure[]): string[] {
    return failures.map(
        (failure) => `${pathText(failure.path)}: ${sentence(failure).replaceAll(/\/tmp\/image-test-[^/]*/g, "")}`,
    );
}
