import { lstat, readlink } from "node:fs/promises";
import { sha256 } from "../../../digest";
import { UserError } from "../../../errors";
import { Archive, type Path, type Previewed, pathText, UNKNOWN, Unknown } from "../../../schema/values";
import { archiveEntries, LocalProblem, localFile } from "../../tree/local-files";
import { join } from "../../tree/paths";
import type { Entry, Tree } from "../../tree/tree";
import type { FilesSource } from "../files/schema";
import { loadFiles } from "../files/tree";
import { withValues } from "../files/units";
import type { LoadArgs, LoadedSource, MakeArgs } from "../loaded";
import { buildDerivation, requisites } from "./build";
import { allKnown, type Derivation, evaluate, type NixExpression, type NixPlace, nixExpression } from "./evaluation";
import type { ClosureSource } from "./schema";

interface Program {
    variable: string;
    expression: NixExpression;
    derivation: Derivation;
    /** Store path, which is known before the build: "/nix/store/HASH-hello-1.0" */
    storePath: string;
}

/**
 * The source `closure`: programs that nix builds, with their closure, and the user's units and files. Store paths are known after
 * the evaluation, so a preview shows the final unit texts.
 */
export async function loadClosure(source: Previewed<ClosureSource>, args: LoadArgs): Promise<LoadedSource> {
    if (source instanceof Unknown) return { sourceDigest: UNKNOWN, unitTexts: UNKNOWN };
    const { path, problems, name } = args;
    const programs = await loadPrograms(source, args);
    // A program that nix can't evaluate was reported already, so missing values in units aren't reported.
    if (programs === undefined) return { sourceDigest: UNKNOWN, unitTexts: UNKNOWN };
    const values = Object.fromEntries(programs.map(({ variable, storePath }) => [variable, storePath]));
    const prefix = typeof name === "string" ? name : undefined;
    const stores = programs.map(({ storePath }) => storePath.slice(0, storePath.lastIndexOf("/")));
    const files = await loadFiles(withStorePaths(source, values), path, { ...args, prefix }, problems, {
        values,
        filledLater: stores,
    });
    if (!files.complete) return { sourceDigest: UNKNOWN, unitTexts: files.unitTexts };
    const derivations = programs.map(({ variable, derivation }) => [variable, derivation.drvPath, derivation.output]);
    return {
        sourceDigest: sha256(JSON.stringify(["closure", derivations.sort(), files.tree.digest()])),
        unitTexts: files.unitTexts,
        content: {
            kind: "later",
            async make(makeArgs) {
                await addClosure(programs, files.tree, String(name), path, makeArgs);
                return { kind: "tree", tree: files.tree };
            },
        },
    };
}

/** The programs; undefined if one of them is unknown or can't be evaluated, which is added to `problems`. */
async function loadPrograms(
    source: { [K in keyof ClosureSource]: Previewed<ClosureSource[K]> },
    { path, programDirectory, problems, signal }: LoadArgs,
): Promise<Program[] | undefined> {
    const { file, expression: text, directory, arguments: further, substitutions } = source;
    const installables = allKnown<Record<string, string>>(source.programs);
    const place = allKnown<NixPlace>({ file, expression: text, directory, arguments: further });
    if (installables === undefined || place === undefined) return undefined;
    if (Object.keys(installables).length === 0) {
        problems.add([...path, "programs"], { what: 'A closure needs a program: programs: { hello: ".#hello" }' });
    }
    const programs = await Promise.all(
        Object.entries(installables).map(async ([variable, installable]): Promise<Program | undefined> => {
            const property = [...path, "programs", variable];
            if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
                problems.add(property, {
                    what: `'${variable}' can't be a variable @${variable}@: use letters, digits and _`,
                });
                return undefined;
            }
            if (substitutions !== undefined && !(substitutions instanceof Unknown) && variable in substitutions) {
                problems.add(property, {
                    what: `'${variable}' is a program and one of \`substitutions\` too`,
                    todo: "Rename one of them",
                });
            }
            const expression = await nixExpression(installable, place, { path, property }, programDirectory, problems);
            const derivation = expression && (await evaluate(expression, property, problems, signal));
            if (expression === undefined || derivation === undefined) return undefined;
            const { storePath } = derivation;
            if (storePath === undefined) {
                problems.add(property, {
                    what: `'${installable}' is content-addressed: its store path is known only after its build, and units can't name it before`,
                    todo: `Use the source \`nix\``,
                });
                return undefined;
            }
            return { variable, expression, derivation, storePath };
        }),
    );
    return programs.every((program) => program !== undefined) ? programs : undefined;
}

/** Replaces the variables of programs by store paths in all inputs that aren't files; those in units are replaced later. */
function withStorePaths(
    source: { [K in keyof ClosureSource]: Previewed<ClosureSource[K]> },
    values: Record<string, string>,
): Previewed<FilesSource> {
    const put = <T>(text: T) => (typeof text === "string" ? withValues(text, values) : text);
    const { units, tree, substitutions } = source;
    const eachOf = <T>(
        record: Previewed<Record<string, T>> | undefined,
        change: (value: Previewed<T>) => Previewed<T>,
    ) =>
        record === undefined || record instanceof Unknown
            ? record
            : Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value as Previewed<T>)]));
    return {
        units,
        tree: eachOf(tree, (entry) =>
            entry instanceof Unknown ? entry : { ...entry, symlink: put(entry.symlink), content: put(entry.content) },
        ),
        substitutions: eachOf(substitutions, put),
    } as Previewed<FilesSource>;
}

/** Builds the programs and adds their closure to the tree, at its store paths. */
async function addClosure(
    programs: readonly Program[],
    tree: Tree,
    use: string,
    property: Path,
    args: MakeArgs,
): Promise<void> {
    const roots = new Map<string, string>();
    for (const { variable, expression, derivation } of programs) {
        const { storePath, storeRoot } = await buildDerivation(derivation, expression, `${use}-${variable}`, args);
        roots.set(storePath, storeRoot);
    }
    const [{ expression }] = programs as [Program, ...Program[]];
    const storeRoot = roots.values().next().value ?? "";
    args.onProgress("reading the closure");
    for (const storePath of await requisites([...roots.keys()], expression, args.signal)) {
        for (const [path, entry] of await storeEntries(storePath, storeRoot)) {
            const problem = tree.add(path, entry);
            if (problem !== undefined) throw new UserError({ property: pathText(property), ...problem });
        }
    }
}

async function storeEntries(storePath: string, storeRoot: string): Promise<[string, Entry][]> {
    const real = storeRoot + storePath;
    try {
        const status = await lstat(real);
        if (status.isSymbolicLink()) return [[storePath, { kind: "symlink", target: await readlink(real) }]];
        if (!status.isDirectory()) return [[storePath, await localFile(real, "/")]];
        const entries = [...(await archiveEntries(new Archive({ path: real }), "/"))].sort(([a], [b]) =>
            a < b ? -1 : 1,
        );
        const inside = entries.map(([name, entry]): [string, Entry] => [join(storePath, name), entry]);
        return [[storePath, { kind: "directory", mode: 0o755 }], ...inside];
    } catch (error) {
        if (error instanceof LocalProblem) throw new UserError(error.problem);
        throw error;
    }
}
