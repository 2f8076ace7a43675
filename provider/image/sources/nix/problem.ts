import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Sentence } from "../../../errors";
import type { NixFailure } from "./command";
import { type Position, storeName } from "./log";

/** Maximum number of lines of nix's message in a preview. */
const MAX_LINES = 12;

/** Describes why an expression can't be evaluated: the position in the user's file, nix's message, what to do. */
export async function evaluationProblem(failure: NixFailure, label: string, directory: string): Promise<Sentence> {
    const error = failure.log.errors.at(-1);
    const reported = firstLines(error?.text || failure.reported);
    const where = error === undefined ? undefined : await place(error.position, error.trace, directory);
    // Nix 2.20 and later report this themselves.
    const todo = /-source\/.*(No such file or directory|does not exist)/.test(reported)
        ? "In a git repository nix sees only files that git knows of: `git add` what it misses"
        : undefined;
    return { what: `nix can't evaluate '${label}': ${where === undefined ? "" : `${where}: `}${reported}`, todo };
}

/** Describes a failed build by its last lines, or else by nix's message. */
export function buildProblem(failure: NixFailure): { what: string; reported: string; todo: string } {
    const build = failure.log.failedBuild();
    if (build === undefined || build.lines.length === 0) {
        return {
            what: "nix couldn't build the image",
            reported: failure.reported,
            todo: "Nothing was changed on the host",
        };
    }
    return {
        what: `The nix build of ${storeName(build.drvPath)} failed`,
        reported: build.lines.join("\n"),
        todo: `Its whole log is shown by \`nix log ${build.drvPath}\``,
    };
}

function firstLines(text: string): string {
    const lines = text.split("\n");
    return lines.length <= MAX_LINES ? text : [...lines.slice(0, MAX_LINES), "..."].join("\n");
}

/** The nearest position in a file of the user, `flake.nix:12:41`; otherwise the position in an input of the flake. */
async function place(
    own: Position | undefined,
    trace: readonly Position[],
    directory: string,
): Promise<string | undefined> {
    const positions = own === undefined ? trace : [own, ...trace];
    for (const { file, line, column } of positions) {
        const ownFile = await userFile(file, directory);
        if (ownFile !== undefined) return `${ownFile}:${line}:${column}`;
    }
    const [nearest] = positions;
    return nearest && `${withinCopy(nearest.file) ?? nearest.file}:${nearest.line}:${nearest.column}`;
}

/** The path of a file within nix's copy of a flake, or after the flake's quoted source. */
function withinCopy(file: string): string | undefined {
    return /^(?:.*\/[a-z0-9]{32}-[^/]+\/|\u00ab[^\u00bb]*\u00bb\/)(.+)$/.exec(file)?.[1];
}

/** The user's file for a position, relative to the directory; a flake may be in a parent directory. */
async function userFile(file: string, directory: string): Promise<string | undefined> {
    const relative = withinCopy(file);
    if (relative === undefined) {
        const within = path.relative(directory, file);
        return path.isAbsolute(file) && !within.startsWith("..") ? within : undefined;
    }
    const copied = await contentOf(file);
    for (let ancestor = directory; ; ancestor = path.dirname(ancestor)) {
        const candidate = path.join(ancestor, relative);
        const content = await contentOf(candidate);
        // A copy in a store with another root can't be read; then the name must match.
        if (content !== undefined && (copied === undefined || content === copied)) {
            return path.relative(directory, candidate);
        }
        if (ancestor === path.dirname(ancestor)) return undefined;
    }
}

async function contentOf(file: string): Promise<string | undefined> {
    return readFile(file, "utf8").catch(() => undefined);
}
