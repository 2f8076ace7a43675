import type { Sentence } from "../../../errors";
import { Archive, Asset, type Path, type Previewed, UNKNOWN, Unknown } from "../../../schema/values";
import { parseUnit } from "../../../systemd/unit-file";
import { mountPoints, type Program, programs } from "../../../systemd/unit-paths";
import { archiveEntries, assetFile } from "../../tree/local-files";
import { isIn, join } from "../../tree/paths";
import { type Entry, Tree, textEntry } from "../../tree/tree";
import type { Problems } from "../problems";
import { addBinaries } from "./binaries";
import type { FilesSource, TreeEntrySource } from "./schema";
import { addUnits, loadUnits } from "./units";

export interface LoadedFiles {
    /** The user's files and units, without the files that are added to every image. */
    tree: Tree;
    /** Texts with substituted variables by unit name; UNKNOWN as a whole while a name is unknown. */
    unitTexts: Record<string, string | Unknown> | Unknown;
    /** Whether everything is known. */
    complete: boolean;
}

/** Additions of a source to `files`. */
export interface Additions {
    /** Values for variables in units. */
    values?: Readonly<Record<string, string>>;
    /** Directories in the image whose contents are only known after a build. */
    filledLater?: readonly string[];
    /** Adds the files that are known before a build, after the user's own files and before programs are checked. */
    addKnown?: (tree: Tree) => Promise<void>;
    /** Whether it is an extension, so that units and programs can be in the image that it extends. */
    isExtension?: boolean;
}

/** portabled only writes ExtensionImages= for units of extensions (install_chroot_dropin in systemd's portable.c). */
const NO_UNIT_SEES_IT = {
    what: "This extension has no unit. systemd lays extensions over an image for the units of extensions alone: those of the image itself don't see its files",
    todo: "Move a unit from the image into the extension, or put the files into the image",
};

/** Reads the source `files`; its failures are added to `problems` under `path`. */
export async function loadFiles(
    source: Previewed<FilesSource>,
    path: Path,
    { prefix, programDirectory }: { prefix: string | undefined; programDirectory: string },
    problems: Problems,
    { values, filledLater = [], addKnown, isExtension = false }: Additions = {},
): Promise<LoadedFiles> {
    const tree = new Tree();
    if (source instanceof Unknown) return { tree, unitTexts: UNKNOWN, complete: false };

    const opaque = await loadTree(source.tree ?? {}, [...path, "tree"], programDirectory, tree, problems);
    opaque.push(...(await addBinaries(source.binaries ?? [], [...path, "binaries"], programDirectory, tree, problems)));
    const units = await loadUnits(source, path, programDirectory, problems, values);

    if (units.complete && units.list.length === 0 && problems.failures.length === 0) {
        if (isExtension) problems.warn([...path, "units"], NO_UNIT_SEES_IT);
        else
            problems.add([...path, "units"], {
                what: "An image needs at least one unit",
                todo: "Name the unit files of your service here",
            });
    }
    const texts = addUnits(units.list, prefix, tree, problems);
    await addKnown?.(tree);
    for (const { name, text, path: property, broken } of units.list) {
        if (typeof text === "string" && !broken && name.endsWith(".service") && !isExtension)
            checkPrograms(name, text, property, tree, [...opaque, ...filledLater], problems);
    }
    const complete =
        units.complete && opaque.length === 0 && Object.values(texts).every((text) => typeof text === "string");
    return { tree, unitTexts: units.complete ? texts : UNKNOWN, complete };
}

/** Fills the tree. Returns the paths below which the contents are still unknown. */
async function loadTree(
    source: Previewed<NonNullable<FilesSource["tree"]>>,
    path: Path,
    programDirectory: string,
    tree: Tree,
    problems: Problems,
): Promise<string[]> {
    if (source instanceof Unknown) return ["/"];
    const opaque: string[] = [];
    for (const [written, entry] of Object.entries(source)) {
        const property = [...path, written];
        const target = imagePath(written);
        if (target === undefined) {
            problems.add(property, {
                what: `'${written}' can't be a path in the image: write it from the root, without '..', as /usr/bin/hello`,
            });
            continue;
        }
        const loaded = await problems.reading(property, () => loadEntry(entry, property, programDirectory, problems));
        if (loaded === undefined) continue;
        if (loaded instanceof Unknown) opaque.push(target);
        else if (loaded instanceof Map) {
            for (const [below, part] of [...loaded].sort(([a], [b]) => (a < b ? -1 : 1))) {
                problems.add(property, tree.add(below === "" ? target : join(target, below), part));
            }
        } else problems.add(property, tree.add(target, loaded));
    }
    return opaque;
}

function imagePath(written: string): string | undefined {
    const parts = written.split("/").filter((part) => part !== "" && part !== ".");
    if (!written.startsWith("/") || parts.includes("..") || written.includes("\0")) return undefined;
    return `/${parts.join("/")}`;
}

/** Loads an entry of `tree`: an entry, several entries by relative path ("" is the path itself), or UNKNOWN. */
async function loadEntry(
    source: Previewed<TreeEntrySource>,
    path: Path,
    programDirectory: string,
    problems: Problems,
): Promise<Entry | Map<string, Entry> | Unknown | undefined> {
    if (source instanceof Unknown) return UNKNOWN;
    const { asset, content, directory, symlink } = source;
    const kinds = [asset, content, directory, symlink].filter((part) => part !== undefined);
    if (kinds.length !== 1) {
        problems.add(path, {
            what: "What is at a path of the image is exactly one of `asset`, `content`, `directory` and `symlink`",
        });
        return undefined;
    }
    const mode = loadMode(source.mode, [...path, "mode"], problems);
    if (kinds[0] instanceof Unknown || mode instanceof Unknown) return UNKNOWN;
    if (asset instanceof Archive) {
        const entries: Map<string, Entry> = await archiveEntries(asset, programDirectory);
        return new Map([["", { kind: "directory", mode: mode ?? 0o755 }], ...entries]);
    }
    if (asset instanceof Asset) return assetFile(asset, programDirectory, mode);
    if (typeof content === "string") return textEntry(content, mode);
    if (typeof symlink === "string") {
        if (symlink === "") problems.add([...path, "symlink"], { what: "A symbolic link needs a target" });
        if (mode !== undefined)
            problems.add([...path, "mode"], { what: "A symbolic link has no mode of its own", todo: "Remove it" });
        return { kind: "symlink", target: symlink };
    }
    if (directory !== true) {
        problems.add([...path, "directory"], {
            what: "`directory` can only be true",
            todo: "Remove the entry if it shall not be there",
        });
        return undefined;
    }
    return { kind: "directory", mode: mode ?? 0o755 };
}

function loadMode(mode: Previewed<string | undefined>, path: Path, problems: Problems): number | Unknown | undefined {
    if (mode === undefined || mode instanceof Unknown) return mode;
    if (!/^0?[0-7]{3,4}$/.test(mode)) {
        problems.add(path, { what: `'${mode}' is not a mode: write the permissions in octal, as "0755" or "0644"` });
        return undefined;
    }
    return Number.parseInt(mode, 8);
}

/** Checks that every program that a service starts is in the image and executable. */
function checkPrograms(unit: string, text: string, path: Path, tree: Tree, opaque: string[], problems: Problems): void {
    const parsed = parseUnit(text);
    const mounted = mountPoints(parsed, unit).filter((mountPoint) => mountPoint.mounted);
    const outside = [...opaque, ...mounted.map((mountPoint) => mountPoint.path)];
    for (const program of programs(parsed, unit)) {
        problems.add(path, programProblem(unit, program, tree, outside));
    }
}

/** `outside`: paths that are mounted over the image, or whose contents are still unknown. */
function programProblem(unit: string, program: Program, tree: Tree, outside: readonly string[]): Sentence | undefined {
    const where = `${program.key}= in line ${program.line} of '${unit}'`;
    let found: Sentence | undefined;
    for (const candidate of program.candidates) {
        if (outside.some((mountPoint) => isIn(candidate, mountPoint))) return undefined;
        const place = tree.lookup(candidate);
        if (place === undefined) return { what: `${where} runs ${candidate}, a circle of symbolic links in the image` };
        if (outside.some((mountPoint) => isIn(place.path, mountPoint))) return undefined;
        if (place.entry?.kind === "file") {
            if (place.entry.mode & 0o111) return undefined;
            found ??= {
                what: `${where} runs ${candidate}, which may not be executed`,
                todo: `Give it mode "0755" in \`tree\``,
            };
        } else if (place.entry !== undefined) {
            found ??= { what: `${where} runs ${candidate}, which is a directory` };
        } else if (place.path !== candidate && program.candidates.length === 1) {
            found ??= {
                what: `${where} runs ${candidate}, which leads to ${place.path}, and the image has no such file`,
                todo: `Add it to \`tree\``,
            };
        }
    }
    return (
        found ?? {
            what: `${where} runs ${program.command.program}, and the image has no such file`,
            todo: `Add it to \`tree\``,
        }
    );
}
