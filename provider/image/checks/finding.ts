import { problemText, type Sentence } from "../../errors";

/** Something about an image that the user should know before it is on a host. */
export interface Finding {
    /** `failure`: it can't work, so nothing is uploaded. `warning`: it depends on what isn't known here. */
    severity: "failure" | "warning";
    /** Whether it follows from the security profile the image is attached with, and not from the image alone. */
    dependsOnProfile?: boolean;
    /** Unit by its name, or another file of the image by its path. None where it is about the image as a whole. */
    file?: string;
    /** Number of the line, counted from 1. */
    line?: number;
    /** One sentence, no full stop: what is wrong. */
    what: string;
    /** One sentence, no full stop: what the user can do. */
    todo: string;
}

/** `hello.service:3: ExecStart= runs /usr/bin/hello, and the image has no such file`, and what to do. */
export function findingSentence({ file, line, what, todo }: Finding): Sentence {
    if (file === undefined) return { what: what.replace(/^[a-z]/, (first) => first.toUpperCase()), todo };
    return { what: `${file}${line === undefined ? "" : `:${line}`}: ${what}`, todo };
}

export function findingText(finding: Finding): string {
    return problemText(findingSentence(finding));
}
