import { join, parentOf } from "../tree/paths";
import type { Content } from "../tree/tree";
import type { Elf } from "./elf";
import { builtInDirectories, configuredDirectories, librariesOf, type SearchFiles } from "./search-path";

/** A file that a loader finds. */
export interface LibraryFile {
    /** Path with symbolic links resolved. */
    path: string;
    content: Content;
}

/** The file system that a loader uses. */
export interface LoaderFiles<F extends LibraryFile> extends SearchFiles {
    /** The regular file at a path, with links followed; undefined if there is none. */
    file(path: string): Promise<F | undefined>;
    /** The headers of the file; undefined if it is neither a program nor a library. */
    elf(file: F): Promise<Elf | undefined>;
}

/** A program or library in memory. */
export interface Loaded<F extends LibraryFile> {
    /** The NEEDED entry by which it was loaded; for a program its path. */
    name: string;
    /** The path at which it was found, with symbolic links unresolved. */
    path: string;
    file: F;
    elf: Elf;
    /** The first object that needed it; undefined for the program. */
    neededBy?: Loaded<F>;
    /** Whether it was only found by configuration of the system: ld.so.conf, or musl's .path file. */
    isConfigured: boolean;
}

/** A library that wasn't found. */
export interface Missing<F extends LibraryFile> {
    name: string;
    neededBy: Loaded<F>;
    /** The first file of this name that can't be loaded. `architecture` is undefined if it isn't a library. */
    unfit?: { path: string; architecture: string | undefined };
    /** The paths that were searched. */
    searched: string[];
}

/** A library that lacks a version of its symbols that another object was linked with. */
export interface TooOld<F extends LibraryFile> {
    user: Loaded<F>;
    library: Loaded<F>;
    /** The newest missing version: "GLIBC_2.38". */
    version: string;
    /** The newest version of the same family that it has; undefined if it has none. */
    upTo: string | undefined;
}

export interface Loading<F extends LibraryFile> {
    /** The libraries in load order. */
    libraries: Loaded<F>[];
    missing: Missing<F>[];
    tooOld: TooOld<F>[];
}

export interface LoadOptions {
    /** Directories of LD_LIBRARY_PATH. */
    libraryPath?: readonly string[];
    /** Names of libraries that the program opens later: they are loaded if they are found, and never reported as missing. */
    optional?: readonly string[];
}

/**
 * Loads programs as the dynamic loaders of glibc and musl do, without running them: ld.so(8); _dl_map_object in
 * glibc's elf/dl-load.c; load_library in musl's ldso/dynlink.c.
 */
export class Loader<F extends LibraryFile> {
    constructor(private readonly files: LoaderFiles<F>) {}

    /** Finds all libraries of a program, and the reasons why it can't be loaded. */
    async load(program: Loaded<F>, { libraryPath = [], optional = [] }: LoadOptions = {}): Promise<Loading<F>> {
        const search = await this.searchOf(program, libraryPath);
        const libraries: Loaded<F>[] = [];
        const missing: Missing<F>[] = [];
        const loadedByName = new Map<string, Loaded<F> | undefined>();
        // Libraries are loaded breadth first: the queue grows while it is read.
        const queue = [program];
        for (const object of queue) {
            for (const name of [...object.elf.needed, ...(object === program ? optional : [])]) {
                if (loadedByName.has(name) || search.isLoaderItself(name)) continue;
                const found = await this.find(name, object, program.elf.architecture, search);
                loadedByName.set(name, "elf" in found ? found : undefined);
                if ("elf" in found) {
                    libraries.push(found);
                    queue.push(found);
                    // glibc also recognizes a loaded library by its SONAME.
                    const { soname } = found.elf;
                    if (soname !== undefined && !search.isMusl && !loadedByName.has(soname))
                        loadedByName.set(soname, found);
                } else if (!optional.includes(name)) missing.push(found);
            }
        }
        const tooOld = queue.flatMap((object) => lackingVersions(object, (name) => loadedByName.get(name)));
        return { libraries, missing, tooOld };
    }

    private async searchOf(program: Loaded<F>, libraryPath: readonly string[]): Promise<Search> {
        const { interpreter, needed, architecture } = program.elf;
        const musl = needed.find((name) => name.startsWith("libc.musl-"));
        const loader = interpreter ?? (musl === undefined ? undefined : `/lib/${musl.replace(/^libc/, "ld")}`);
        const loaderFile = loader === undefined ? undefined : await this.files.file(loader);
        const builtIn = builtInDirectories(architecture, loader, loaderFile?.path);
        const configured = await configuredDirectories(this.files, loader, loaderFile?.path);
        const own = librariesOf(loader);
        const system = own.isMusl ? (configured ?? builtIn) : [...(configured ?? []), ...builtIn];
        return { ...own, libraryPath, system, builtIn };
    }

    private async find(
        name: string,
        object: Loaded<F>,
        architecture: string,
        search: Search,
    ): Promise<Loaded<F> | Missing<F>> {
        const before = directoriesBefore(object, search);
        const searched = [...new Set([...before, ...search.system])];
        let unfit: Missing<F>["unfit"];
        const paths = name.includes("/")
            ? expanded([name], object, search.builtIn)
            : searched.map((directory) => join(directory, name));
        for (const path of paths) {
            const file = await this.files.file(path);
            if (file === undefined) continue;
            const elf = await this.files.elf(file);
            if (elf?.architecture === architecture) {
                const directory = parentOf(path);
                const isConfigured =
                    !name.includes("/") && !before.includes(directory) && !search.builtIn.includes(directory);
                return { name, path, file, elf, neededBy: object, isConfigured };
            }
            unfit ??= { path, architecture: elf?.architecture };
            // musl uses the first file of this name, even if it can't be loaded.
            if (search.isMusl) break;
        }
        return { name, neededBy: object, unfit, searched };
    }
}

interface Search {
    isMusl: boolean;
    isLoaderItself(name: string): boolean;
    libraryPath: readonly string[];
    /** Directories for every program: configured ones before the built-in ones, or in their place. */
    system: readonly string[];
    builtIn: readonly string[];
}

/** Directories that are searched before those of the system: run paths and LD_LIBRARY_PATH. */
function directoriesBefore<F extends LibraryFile>(object: Loaded<F>, search: Search): string[] {
    const chain: Loaded<F>[] = [];
    for (let loaded: Loaded<F> | undefined = object; loaded !== undefined; loaded = loaded.neededBy) chain.push(loaded);
    const runPath = (loaded: Loaded<F>) => expanded(loaded.elf.runPath, loaded, search.builtIn);
    // musl doesn't distinguish DT_RPATH and DT_RUNPATH: both also apply to the libraries found by them.
    if (search.isMusl) return [...search.libraryPath, ...chain.flatMap(runPath)];
    const hasRunPath = object.elf.runPath.length > 0 && !object.elf.isRunPathInherited;
    // If the object has a DT_RUNPATH, glibc ignores every DT_RPATH.
    if (hasRunPath) return [...search.libraryPath, ...runPath(object)];
    return [...chain.filter(({ elf }) => elf.isRunPathInherited).flatMap(runPath), ...search.libraryPath];
}

/**
 * Expands variables in run paths (ld.so(8), "Dynamic string tokens"). $ORIGIN of a program is the directory of its real path
 * (/proc/self/exe), that of a library the directory in which it was found.
 */
function expanded<F extends LibraryFile>(
    paths: readonly string[],
    { path, file, neededBy }: Loaded<F>,
    builtIn: readonly string[],
): string[] {
    const origin = parentOf(neededBy === undefined ? file.path : path);
    const libraryDirectories = [...new Set(builtIn.map((directory) => directory.replace(/^\/(usr\/)?/, "")))];
    return paths
        .map((directory) => directory.replace(/\$(ORIGIN|\{ORIGIN\})/g, () => origin).replace(/(?<=.)\/+$/, ""))
        .flatMap((directory) =>
            /\$(LIB|\{LIB\})/.test(directory)
                ? libraryDirectories.map((library) => directory.replace(/\$(LIB|\{LIB\})/g, () => library))
                : [directory],
        );
}

function lackingVersions<F extends LibraryFile>(
    user: Loaded<F>,
    loaded: (name: string) => Loaded<F> | undefined,
): TooOld<F>[] {
    return Object.entries(user.elf.neededVersions).flatMap(([name, versions]) => {
        const library = loaded(name);
        const has = library?.elf.versions ?? [];
        const version = newest(has.length === 0 ? [] : versions.filter((candidate) => !has.includes(candidate)));
        if (library === undefined || version === undefined) return [];
        const family = version.replace(/_.*/, "");
        const upTo = newest(
            has.filter((candidate) => candidate.startsWith(`${family}_`) && /_[\d.]+$/.test(candidate)),
        );
        return [{ user, library, version, upTo }];
    });
}

function newest(versions: readonly string[]): string | undefined {
    return [...versions].sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}
