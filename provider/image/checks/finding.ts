import { problemText, type Sentence } from "../../errors";

/** Something about an image that the user should know before it is uploaded. */
export interface Finding {
    /** `failure`: the image can't work, so nothing is uploaded. `warning`: it may work, depending on unknown facts. */
    severity: "failure" | "warning";
    /** Whether it depends on the security profile with which the image is attached. */
    dependsOnProfile?: boolean;
    /** Name of a unit, or path of another file in the image. Undefined if it concerns the whole image. */
    file?: string;
    /** Line number, counted from 1. */
    line?: number;
    /** What is wrong: one sentence without a full stop. */
    what: string;
    /** What the user can do: one sentence without a full stop. */
    todo: string;
}

/** The finding as text: `hello.service:3: ExecStart= runs /usr/bin/hello, and the image has no such file`, and what to do. */
export function findingSentence({ file, line, what, todo }: Finding): Sentence {
    if (file === undefined) return { what: what.replace(/^[a-z]/, (first) => first.toUpperCase()), todo };
    return { what: `${file}${line === undefined ? "" : `:${line}`}: ${what}`, todo };
}

export function findingText(finding: Finding): string {
    return problemText(findingSentence(finding));
}
