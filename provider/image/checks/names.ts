import { printable } from "../../format";
import { nameOf, parentOf } from "../tree/paths";
import type { Tree } from "../tree/tree";
import type { Finding } from "./finding";

/** Limits of Linux (limits.h): NAME_MAX, and PATH_MAX without its NUL. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;
/** Maximum number of findings about paths, as many paths may have the same fault. */
const MAX_FINDINGS = 5;
/** Maximum length of a path in a message. */
const MAX_SHOWN = 80;

/** Finds paths, symbolic links and unit texts that an image can contain, but Linux or systemd can't use. */
export function nameFindings(tree: Tree, unitTexts: Readonly<Record<string, string>>): Finding[] {
    const paths = tree.sorted().flatMap(([path, entry]): Finding[] => {
        const problem = pathProblem(path) ?? (entry.kind === "symlink" ? targetProblem(entry.target) : undefined);
        return problem === undefined ? [] : [{ severity: "failure", file: shown(path), ...problem }];
    });
    const units = Object.entries(unitTexts)
        .filter(([, text]) => text.includes("\0"))
        .map(
            ([name, text]): Finding => ({
                severity: "failure",
                file: name,
                line: text.slice(0, text.indexOf("\0")).split("\n").length,
                what: "it holds a NUL character, where systemd ends the line",
                todo: "Remove it, or save the file as UTF-8",
            }),
        );
    return [...units, ...paths.slice(0, MAX_FINDINGS)];
}

function pathProblem(path: string): Pick<Finding, "what" | "todo"> | undefined {
    if (path.includes("\0")) return { what: "its name holds a NUL character", todo: "Rename it" };
    const name = Buffer.byteLength(nameOf(path));
    if (name > MAX_NAME_BYTES) {
        return { what: `its name has ${name} bytes, and Linux takes ${MAX_NAME_BYTES}`, todo: "Shorten it" };
    }
    const whole = Buffer.byteLength(path);
    // Only the directory is reported, not everything in it.
    if (whole <= MAX_PATH_BYTES || Buffer.byteLength(parentOf(path)) > MAX_PATH_BYTES) return undefined;
    return {
        what: `its path has ${whole} bytes, and Linux takes ${MAX_PATH_BYTES}`,
        todo: "Move it, or shorten names",
    };
}

function targetProblem(target: string): Pick<Finding, "what" | "todo"> | undefined {
    const todo = "Correct the target of the symbolic link";
    if (target.includes("\0")) return { what: "its target holds a NUL character", todo };
    const length = Buffer.byteLength(target);
    if (length <= MAX_PATH_BYTES) return undefined;
    return { what: `its target has ${length} bytes, and Linux takes ${MAX_PATH_BYTES}`, todo };
}

function shown(path: string): string {
    const text = printable(path);
    return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`;
}
