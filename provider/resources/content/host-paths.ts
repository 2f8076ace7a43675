import type { Failure } from "../../errors";
import type { Path } from "../../schema/values";
import { RECORDS_DIRECTORY } from "../../systemd/paths";

/** NAME_MAX of Linux, in bytes. */
const MOST_NAME_BYTES = 255;
/**
 * PATH_MAX is 4096 bytes: a copy of the file below the directory of records, and a temporary file beside it, must fit, too.
 * The host checks who can write to each directory above a file, so that depth costs time there.
 */
const MOST_PATH_BYTES = 1024;
const MOST_PARTS = 64;

/**
 * What is wrong with the paths of host files, alone and together with those of the resource's drop-ins: one that no file
 * can have, one of a drop-in, and a file below another.
 */
export function pathFailures(paths: readonly string[], dropInPaths: readonly string[], property: Path): Failure[] {
    const files = new Set([...paths, ...dropInPaths]);
    return paths.flatMap((path) => {
        const what =
            lengthProblem(path) ??
            placeProblem(path) ??
            (dropInPaths.includes(path) ? "is a drop-in of the resource, whose text is declared there" : undefined) ??
            overlap(path, files, dropInPaths);
        return what === undefined ? [] : [{ path: [...property, path], what }];
    });
}

function lengthProblem(path: string): string | undefined {
    const parts = path.split("/").slice(1);
    const longest = Math.max(...parts.map((part) => Buffer.byteLength(part)));
    if (longest > MOST_NAME_BYTES)
        return `has a name of ${longest} bytes in it, and a host takes ${MOST_NAME_BYTES} at most`;
    const length = Buffer.byteLength(path);
    if (length > MOST_PATH_BYTES) return `is ${length} bytes long, and may be ${MOST_PATH_BYTES} at most`;
    return parts.length > MOST_PARTS ? `has ${parts.length} parts, and may have ${MOST_PARTS} at most` : undefined;
}

function placeProblem(path: string): string | undefined {
    if (/^\/(proc|sys)\//.test(path)) return "is no place for a file: what is there is made by the kernel";
    if (path.startsWith(`${RECORDS_DIRECTORY}/`)) return `is among the provider's own records, ${RECORDS_DIRECTORY}`;
    return undefined;
}

function overlap(path: string, files: ReadonlySet<string>, dropInPaths: readonly string[]): string | undefined {
    const dropIn = dropInPaths.find((other) => other.startsWith(`${path}/`));
    if (dropIn !== undefined) return `is a directory of the drop-in ${dropIn}, and can't be a file, too`;
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const above = path.slice(0, end);
        if (files.has(above)) return `is below ${above}, which is a file of the resource, too`;
    }
    return undefined;
}
