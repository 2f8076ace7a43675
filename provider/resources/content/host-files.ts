import { isUtf8 } from "node:buffer";
import type { Context, Derived } from "../../contract";
import { sha256 } from "../../digest";
import { type Failure, UserError } from "../../errors";
import { type FoundFile, type HostFile, spelledAs } from "../../host/files";
import { containsUnknown, type Path, type Previewed, pathText, UNKNOWN, Unknown } from "../../schema/values";
import { readAsset } from "./asset";
import { pathFailures } from "./host-paths";
import type { HostFileInput } from "./schema";

/** The derived field `hostFiles` of a resource with `files`. */
export const derivedHostFiles: Derived = {
    description: "Mode, owner, group and SHA-256 of each host file.",
    from: ["files"],
    impliedBy: ["files"],
    decides: ["files"],
    partsFrom: ([, path]) => (path === undefined ? [] : [[path]]),
};

/** The derived field `hostFileTexts` of a resource with `files`, since the CLI shows a changed asset only as two hashes. */
export const derivedHostFileTexts: Derived = {
    description:
        "Text of each host file that is given as an asset, so that a preview shows the changed lines: of short texts that every user of the host may read.",
    from: ["files"],
    partsFrom: derivedHostFiles.partsFrom,
};

/** Size limit of texts that are shown, as they are also stored in the state. */
const SHOWN_TEXT_BYTES = 16_384;

/** The text of an asset; undefined if it is too long, isn't text, or is secret (marked as such, or not readable for others). */
function shownText({ asset, mode }: HostFileInput, content: Buffer, isSecret: boolean): string | undefined {
    const isForAll = (Number.parseInt(mode, 8) & 0o004) !== 0;
    if (asset === undefined || isSecret || !isForAll || content.length > SHOWN_TEXT_BYTES) return undefined;
    return isUtf8(content) && !content.includes(0) ? content.toString("utf8") : undefined;
}

/** The texts of files whose found state is the announced one; other texts aren't what the host has. */
export function textsAsFound(
    texts: Readonly<Record<string, string>> = {},
    states: Readonly<Record<string, string>> = {},
    found: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
    return unlessEmpty(Object.fromEntries(Object.entries(texts).filter(([path]) => states[path] === found[path])));
}

function unlessEmpty<T extends object>(values: T): T | undefined {
    return Object.keys(values).length === 0 ? undefined : values;
}

/**
 * The state of each host file, which Check adds to the inputs, so that Diff shows changes of an asset's bytes, and changes
 * made by hand on the host. `dropInPaths` are paths of the resource's drop-ins.
 */
export async function checkHostFiles(
    context: Context,
    files: Previewed<Record<string, HostFileInput>> | undefined,
    path: Path,
    isSecret: (path: Path) => boolean,
    dropInPaths: readonly string[],
): Promise<{
    states: Record<string, string | Unknown> | Unknown;
    texts: Record<string, string> | Unknown | undefined;
    failures: Failure[];
}> {
    if (files === undefined) return { states: {}, texts: undefined, failures: [] };
    if (files instanceof Unknown) return { states: UNKNOWN, texts: UNKNOWN, failures: [] };
    const states: Record<string, string | Unknown> = {};
    const texts: Record<string, string> = {};
    const failures = pathFailures(Object.keys(files), dropInPaths, path);
    for (const [name, file] of Object.entries(files)) {
        states[name] = UNKNOWN;
        if (containsUnknown(file)) continue;
        const knownFile = file as HostFileInput;
        if ((knownFile.content === undefined) === (knownFile.asset === undefined)) {
            failures.push({ path: [...path, name], what: "needs either `content` or `asset`, exactly one of them" });
            continue;
        }
        try {
            const resolved = await resolveHostFile(context, name, knownFile);
            states[name] = hostFileState({ ...resolved, digest: sha256(resolved.content) });
            const text = shownText(knownFile, resolved.content, isSecret([...path, name]));
            if (text !== undefined) texts[name] = text;
        } catch (error) {
            if (!(error instanceof UserError)) throw error;
            failures.push({ path: [...path, name, "asset"], what: error.message });
        }
    }
    return { states, texts: unlessEmpty(texts), failures };
}

/**
 * The files with the bytes that `states` announced. If a local file has other bytes, which is possible with ignoreChanges, the
 * file is kept as it is on the host; {@link refuseOtherKept} then verifies that the host has the announced bytes.
 */
export async function announcedHostFiles(
    context: Context,
    files: Record<string, HostFileInput> | undefined,
    states: Readonly<Record<string, string>>,
): Promise<HostFile[]> {
    return Promise.all(
        Object.entries(files ?? {}).map(async ([path, input]) => {
            const file = await resolveHostFile(context, path, input);
            const isAnnounced = hostFileState({ ...file, digest: sha256(file.content) }) === states[path];
            return isAnnounced ? file : { ...file, content: Buffer.alloc(0), isKept: true };
        }),
    );
}

/** Throws a UserError if a kept file isn't on the host as announced. */
export function refuseOtherKept(
    files: readonly HostFile[],
    states: Readonly<Record<string, string>>,
    found: ReadonlyMap<string, FoundFile>,
): void {
    for (const file of files) {
        const { path, isKept } = file;
        const onHost = found.get(path);
        if (!isKept || (onHost !== undefined && hostFileState(spelledAs(onHost, file)) === states[path])) continue;
        throw new UserError({
            property: pathText(["files", path]),
            what: "the local file has other bytes than the preview announced, and so has the host",
            todo: "If the local file was changed just now, run `pulumi up` again; if it is under ignoreChanges, leave it out there once. Nothing was changed",
        });
    }
}

async function resolveHostFile(context: Context, path: string, file: HostFileInput): Promise<HostFile> {
    return {
        path,
        content: file.asset === undefined ? Buffer.from(file.content ?? "") : await readAsset(context, file.asset),
        mode: file.mode,
        owner: file.owner,
        group: file.group,
    };
}

/** The state as text: `0644 root root sha256:<hex>` */
export function hostFileState(file: Pick<FoundFile, "mode" | "owner" | "group" | "digest">): string {
    return `${file.mode} ${file.owner} ${file.group} ${/^[0-9a-f]{64}$/.test(file.digest) ? `sha256:${file.digest}` : file.digest}`;
}

/**
 * The states of the found files among `paths`, in the order of `paths`; owner and group in the form of `declared`, by name or
 * by number.
 */
export function foundHostFiles(
    found: ReadonlyMap<string, FoundFile>,
    paths: readonly string[],
    declared: Readonly<Record<string, { owner?: string; group?: string }>> = {},
): Record<string, string> {
    return Object.fromEntries(
        paths.flatMap((path) => {
            const file = found.get(path);
            return file === undefined ? [] : [[path, hostFileState(spelledAs(file, declared[path]))] as const];
        }),
    );
}

/**
 * The texts of found drop-ins. If mode or owner aren't those of a drop-in, a first line says so, so that the difference is
 * shown, and the next update repairs it.
 */
export function foundDropIns(
    texts: ReadonlyMap<string, string>,
    files: ReadonlyMap<string, FoundFile>,
): Record<string, string> {
    return Object.fromEntries(
        [...texts].map(([path, text]) => {
            const file = files.get(path);
            const access = file && `${file.mode} ${file.owner} ${file.group}`;
            return [
                path,
                access === undefined || access === DROP_IN_ACCESS ? text : `# Its access is ${access}.\n${text}`,
            ];
        }),
    );
}

const DROP_IN_ACCESS = "0644 root root";
