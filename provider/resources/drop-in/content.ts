import * as z from "zod";
import type { Context } from "../../contract";
import { sha256 } from "../../digest";
import type { Failure } from "../../errors";
import type { FoundFile, HostFile } from "../../host/files";
import { asset, objectType } from "../../schema/marks";
import { type Path, type Previewed, type PreviewedObject, Secret, UNKNOWN, Unknown } from "../../schema/values";
import { dropInPath } from "../../systemd/paths";
import { renderUnit, sectionProblems, type UnitSections } from "../../systemd/unit-file";
import { readAsset } from "./asset-content";

const value = z.union([z.string(), z.number(), z.boolean()]);

/** The unit types of systemd.unit(5). */
export const unitName = z
    .string()
    .regex(
        /^[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|path|target|mount|automount|swap|slice|scope|device)$/,
        "isn't the name of a unit: it needs a suffix such as .service or .socket, and only letters, digits and : - _ . \\ @",
    );

export const sections = z
    .record(z.string(), z.record(z.string(), z.union([value, z.array(value), z.record(z.string(), value)])))
    .describe(
        'Settings by section: `{ Service: { Environment: { NAME: "User" }, BindReadOnlyPaths: ["/etc/hello"] } }`. A list is one line each, an empty list resets what the unit says; only Environment takes a map, whose values are taken literally.',
    );

export const hostFile = objectType("HostFile", "A file on the host. Give `content` or `asset`.", {
    content: z.string().optional().describe("Text of the file."),
    asset: asset().optional().describe("A local file, or a text, to copy to the host byte for byte."),
    mode: z
        .string()
        .regex(/^0[0-7]{3}$/, "isn't a mode: four octal digits such as 0644")
        .default("0644")
        .describe("Access rights, four octal digits. For a secret: 0600, or 0640 with a group."),
    owner: z.string().min(1).default("root").describe("User that owns the file, by name or number."),
    group: z.string().min(1).default("root").describe("Group of the file, by name or number."),
});

export type HostFileInput = z.output<typeof hostFile>;

export const hostFiles = z
    .record(
        z.string().regex(/^\/(?!.*(\/\/|\/\.{1,2}(\/|$)))[^\0\n]*[^/\0\n]$/, "isn't an absolute path of a file"),
        hostFile,
    )
    .describe(
        "Files on the host that the unit needs, by absolute path. Missing directories are made, and removed again when empty.",
    );

/** What a drop-in and its host files look like before they are resolved. */
export interface ContentInput {
    unit: string;
    name: string;
    sections?: UnitSections;
    text?: string;
}

/** Checks one drop-in; its text is unknown while a part of it is. */
export function dropInText(
    input: PreviewedObject<ContentInput>,
    path: Path,
): { text: string | Unknown; failures: Failure[] } {
    if (input.text instanceof Unknown || containsUnknown(input.sections)) return { text: UNKNOWN, failures: [] };
    if (typeof input.text === "string") return { text: ended(input.text), failures: [] };
    // Neither of the two: `oneContent` says so.
    if (input.sections === undefined) return { text: UNKNOWN, failures: [] };
    const given = input.sections as UnitSections;
    const problems = sectionProblems(given);
    if (problems.length > 0)
        return {
            text: UNKNOWN,
            failures: problems.map((problem) => ({
                path: [...path, "sections", ...problem.path],
                what: problem.reason,
            })),
        };
    return { text: renderUnit(given), failures: [] };
}

/** Exactly one of the two ways to say what a drop-in holds. */
export function oneContent(input: { sections?: unknown; text?: unknown }, path: Path = []): Failure[] {
    if ((input.sections === undefined) !== (input.text === undefined)) return [];
    return [{ path, what: "needs either `sections` or `text`, exactly one of them" }];
}

/** The drop-in as a file on the host: root's, readable by all, as systemd expects it. */
export function dropInFile(unit: string, name: string, text: string): HostFile {
    return { path: dropInPath(unit, name), content: Buffer.from(text), mode: "0644", owner: "root", group: "root" };
}

/** Reads what the program gave for each file; the local file of an asset must be there. */
export async function resolveHostFiles(
    context: Context,
    files: Record<string, HostFileInput> | undefined,
): Promise<HostFile[]> {
    return Promise.all(
        Object.entries(files ?? {}).map(async ([path, file]) => ({
            path,
            content: file.asset === undefined ? Buffer.from(file.content ?? "") : await readAsset(context, file.asset),
            mode: file.mode,
            owner: file.owner,
            group: file.group,
        })),
    );
}

/**
 * For each file what Check adds to the inputs, `0644 root root sha256:...`, so that a change of an
 * asset's bytes is a difference, and one made by hand on the host too.
 */
export async function checkHostFiles(
    context: Context,
    files: Previewed<Record<string, HostFileInput>> | undefined,
    path: Path,
): Promise<{ states: Record<string, string | Unknown> | Unknown; failures: Failure[] }> {
    if (files === undefined) return { states: {}, failures: [] };
    if (files instanceof Unknown) return { states: UNKNOWN, failures: [] };
    const states: Record<string, string | Unknown> = {};
    const failures: Failure[] = [];
    for (const [name, file] of Object.entries(files)) {
        states[name] = UNKNOWN;
        if (containsUnknown(file)) continue;
        const known = file as HostFileInput;
        if ((known.content === undefined) === (known.asset === undefined)) {
            failures.push({ path: [...path, name], what: "needs either `content` or `asset`, exactly one of them" });
            continue;
        }
        try {
            const [resolved] = await resolveHostFiles(context, { [name]: known });
            if (resolved !== undefined) states[name] = fileState({ ...resolved, digest: sha256(resolved.content) });
        } catch (error) {
            failures.push({ path: [...path, name, "asset"], what: (error as Error).message });
        }
    }
    return { states, failures };
}

export function fileState(file: Pick<FoundFile, "mode" | "owner" | "group" | "digest">): string {
    return `${file.mode} ${file.owner} ${file.group} sha256:${file.digest}`;
}

/** Of found files, in the order of the paths; what isn't there has no entry. */
export function foundStates(found: ReadonlyMap<string, FoundFile>, paths: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        paths.flatMap((path) => {
            const file = found.get(path);
            return file === undefined ? [] : [[path, fileState(file)] as const];
        }),
    );
}

/** Whoever logs in to the host can read Environment= of any unit. */
export function warnOfSecretEnvironment(
    context: Context,
    unit: unknown,
    given: unknown,
    isSecret: (path: Path) => boolean,
    path: Path,
): void {
    if (given === null || typeof given !== "object" || given instanceof Unknown) return;
    for (const section of Object.keys(given)) {
        if (!isSecret([...path, section, "Environment"])) continue;
        context.warn(
            `${asName(unit)}: a secret in Environment= can be read by every user of the host (\`systemctl show -p Environment\`). ` +
                "Put it in a host file with mode 0600 and name that in EnvironmentFile= or LoadCredential=.",
        );
    }
}

/** Wraps what derives from a secret. */
export function secretIf<T>(secret: boolean, value: T): T | Secret<T> {
    return secret ? new Secret(value) : value;
}

export function containsUnknown(value: unknown): boolean {
    if (value instanceof Unknown) return true;
    if (Array.isArray(value)) return value.some(containsUnknown);
    return value !== null && typeof value === "object" && Object.values(value).some(containsUnknown);
}

function asName(unit: unknown): string {
    return typeof unit === "string" ? unit : "The drop-in";
}

function ended(text: string): string {
    return text.endsWith("\n") ? text : `${text}\n`;
}
