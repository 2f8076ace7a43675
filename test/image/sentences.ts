import { type Failure, problemText } from "../../provider/errors";
import { pathText } from "../../provider/schema/values";

/** A failure as text, with what to do: `There is no 'x'. Make it, or correct the path.` */
export function sentence({ what, todo }: Pick<Failure, "what" | "todo">): string {
    return problemText({ what, todo });
}

/** The failures as text with their property before them, `source.files.units[0]: `, without the directories of tests. */
export function placed(failures: readonly Failure[]): string[] {
    return failures.map(
        (failure) => `${pathText(failure.path)}: ${sentence(failure).replaceAll(/\/tmp\/image-test-[^/]*/g, "")}`,
    );
}
