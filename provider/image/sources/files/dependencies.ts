import { readdir } from "node:fs/promises";
import type { Sentence } from "../../../errors";
import type { Path } from "../../../schema/values";
import { SEARCH_PATH } from "../../../systemd/syntax";
import { type Elf, readElf } from "../../elf/elf";
import { type Loaded, Loader, type Missing, type TooOld } from "../../elf/loader";
import { builtInDirectories } from "../../elf/search-path";
import { readingContent, readText } from "../../tree/content";
import { cacheOf, fileNow, LocalProblem, localFile } from "../../tree/local-files";
import { join } from "../../tree/paths";
import type { Found, RootFiles } from "../../tree/root-files";
import type { Content, Tree } from "../../tree/tree";
import type { Problems } from "../problems";

/** Libraries that the C library opens at run time, if they are separate files. No program has a NEEDED entry for them. */
const OPENED_LATER = ["libgcc_s.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];
const C_LIBRARY = "libc.so.6";
/** Directory of compiled modules with time stamps of this machine, which Python would ignore. */
const PYTHON_CACHE = "__pycache__";

/** A file in the image or in the root. */
type LoadableFile = Pick<Found, "path" | "links"> & { content: Content; size?: number };

/** Adds programs of a root to the tree of an image, with the loader and libraries that they need. */
export class Dependencies {
    private readonly loaders = new Map<RootFiles, Loader<LoadableFile>>();
    /** Programs and libraries that were processed, by root and path. */
    private readonly done = new Set<string>();
    /** The first program, with whose architecture all others must match. */
    private first: { name: string; architecture: string } | undefined;

    constructor(
        private readonly tree: Tree,
        private readonly problems: Problems,
        /** Whether files and directories with a name are left out of a directory. */
        private readonly isLeftOut: (name: string) => boolean = (name) => name === PYTHON_CACHE,
    ) {}

    /** Adds a program, library, script, or directory of them. A file in the tree with the same path takes precedence. */
    async bring(root: RootFiles, written: string, property: Path): Promise<void> {
        const own = this.tree.lookup(written);
        if (own?.entry?.kind === "file") {
            const { content, size } = own.entry;
            const part = { path: own.path, links: [], content, size };
            const elf = await elfOf(part);
            if (elf !== undefined) await this.needs(root, programOf(written, part, elf), property);
            else await this.interpreter(root, written, await readText(own.entry, 256), property);
            return;
        }
        const found = await root.find(written);
        if (found === undefined) {
            throw new LocalProblem({
                what: `There is no ${written} ${inRoot(root)}`,
                todo: "Install the package that brings it there, or correct the path",
            });
        }
        if (found.status.isDirectory()) await this.directory(root, written, property);
        else if (found.status.isFile()) await this.file(root, written, found, property);
        else throw new LocalProblem({ what: `${written} is neither a file nor a directory ${inRoot(root)}` });
    }

    private async directory(root: RootFiles, written: string, property: Path): Promise<void> {
        const found = await root.find(written);
        if (found === undefined) return;
        this.links(found, property);
        const children = await readdir(root.local(found.path), { withFileTypes: true });
        if (children.length === 0) this.addAbsent(found.path, { kind: "directory", mode: 0o755 }, property);
        for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
            if (this.isLeftOut(child.name)) continue;
            const below = join(found.path, child.name);
            if (child.isDirectory()) await this.directory(root, below, property);
            else if (child.isFile()) await this.part(root, below, { path: below, links: [] }, property);
            else {
                const part = await root.find(below);
                if (part?.status.isFile()) await this.part(root, below, part, property);
            }
        }
    }

    /** Adds a file of a directory, with its libraries if it may be a module. Files for other architectures are allowed. */
    private async part(
        root: RootFiles,
        path: string,
        found: Pick<Found, "path" | "links">,
        property: Path,
    ): Promise<void> {
        await this.add(root, found, property);
        const entry = this.tree.lookup(found.path)?.entry;
        const isModule = /\.so(\.|$)/.test(path) || (entry?.kind === "file" && (entry.mode & 0o111) !== 0);
        const part = { ...found, content: { localPath: root.local(found.path) } };
        const elf = isModule ? await elfOf(part) : undefined;
        if (elf === undefined || elf.architecture !== (this.first?.architecture ?? elf.architecture)) return;
        await this.needs(root, programOf(path, part, elf), property);
    }

    private async file(root: RootFiles, path: string, found: Found, property: Path): Promise<void> {
        await this.add(root, found, property);
        const part = { ...found, content: { localPath: root.local(found.path) } };
        const elf = await elfOf(part);
        if (elf !== undefined) return this.needs(root, programOf(path, part, elf), property);
        await this.interpreter(root, path, await readText(part, 256), property);
    }

    /** Adds a script's interpreter; for `env`, also the program that it will find. */
    private async interpreter(root: RootFiles, script: string, text: string, property: Path): Promise<void> {
        const [, program, argument] = /^#![ \t]*(\S+)[ \t]*(\S*)/.exec(text) ?? [];
        if (program === undefined || this.wasDone(root, script)) return;
        const missing = (what: string) =>
            this.problems.add(property, {
                what: `The script ${script} is run by ${what}, and there is none ${inRoot(root)}`,
                todo: "Install it there",
            });
        const found = await root.find(program);
        if (found?.status.isFile()) await this.file(root, program, found, property);
        else if (this.tree.lookup(program)?.entry?.kind !== "file") missing(program);
        if (!program.endsWith("/env") || argument === undefined || argument === "" || argument.startsWith("-")) return;
        const candidates = SEARCH_PATH.map((directory) => `${directory}/${argument}`);
        if (candidates.some((candidate) => this.tree.lookup(candidate)?.entry?.kind === "file")) return;
        for (const candidate of candidates) {
            const place = await root.find(candidate);
            if (place?.status.isFile()) return this.file(root, candidate, place, property);
        }
        missing(argument);
    }

    /** Adds the loader and all libraries of a program. */
    async needs(root: RootFiles, program: Loaded<LoadableFile>, property: Path): Promise<void> {
        if (this.wasDone(root, program.path)) return;
        const { architecture, interpreter, needed } = program.elf;
        this.first ??= { name: program.path, architecture };
        if (architecture !== this.first.architecture) {
            this.problems.add(property, {
                what: `${program.path} is for ${architecture} and ${this.first.name} for ${this.first.architecture}: the programs of an image are for one architecture`,
                todo: "Take them from one system",
            });
            return;
        }
        if (interpreter !== undefined) await this.loader(root, program.path, interpreter, property);
        const loader = this.loaders.get(root) ?? new Loader(filesOf(root, this.tree));
        this.loaders.set(root, loader);
        const optional = needed.includes(C_LIBRARY) ? OPENED_LATER : [];
        const { libraries, missing, tooOld } = await loader.load(program, { optional });
        for (const library of libraries) await this.library(root, library, interpreter, property);
        for (const library of missing) this.problems.add(property, missingLibrary(root, program, library));
        const [first] = tooOld;
        if (first !== undefined) this.problems.add(property, oldLibrary(root, first));
    }

    private async loader(root: RootFiles, program: string, interpreter: string, property: Path): Promise<void> {
        const found = await root.find(interpreter);
        if (found?.status.isFile()) return this.add(root, found, property);
        this.problems.add(property, {
            what: `${program} is started by the loader ${interpreter}, and there is none ${inRoot(root)}: it was built for another system`,
            todo: `Build it there or statically, or give the \`root\` of its system`,
        });
    }

    private async library(
        root: RootFiles,
        { name, path, file, elf, isConfigured }: Loaded<LoadableFile>,
        interpreter: string | undefined,
        property: Path,
    ): Promise<void> {
        await this.add(root, file, property);
        if (!isConfigured) return;
        // The image has no loader configuration for this path, so a link is made in a directory that every
        // loader searches.
        const builtIn = builtInDirectories(elf.architecture, interpreter);
        const place = this.tree.lookup(
            builtIn.find((directory) => this.tree.lookup(directory)?.entry !== undefined) ?? "/lib",
        );
        this.addAbsent(join(place?.path ?? "/lib", name), { kind: "symlink", target: path }, property);
    }

    private async add(root: RootFiles, found: Pick<Found, "path" | "links">, property: Path): Promise<void> {
        this.links(found, property);
        if (this.tree.lookup(found.path)?.entry === undefined) {
            const file = root.local(found.path);
            const cache = cacheOf("/");
            await cache.ready();
            this.addAbsent(found.path, fileNow(file, cache) ?? (await localFile(file, "/")), property);
        }
    }

    private links({ links }: Pick<Found, "links">, property: Path): void {
        for (const [path, target] of links) this.addAbsent(path, { kind: "symlink", target }, property);
    }

    private addAbsent(path: string, entry: Parameters<Tree["add"]>[1], property: Path): void {
        const existing = this.tree.get(path);
        const isSame = existing?.kind === "symlink" && entry.kind === "symlink" && existing.target === entry.target;
        // A file of the user with this name is used instead.
        if (!isSame && existing?.kind !== "file") this.problems.add(property, this.tree.add(path, entry));
    }

    private wasDone(root: RootFiles, path: string): boolean {
        const key = root.local(path);
        const wasDone = this.done.has(key);
        this.done.add(key);
        return wasDone;
    }
}

function inRoot({ directory }: RootFiles): string {
    return directory === "/" ? "on this machine" : `in ${directory}`;
}

/** The file system for the loader, in which files of the image take precedence over those of the root. */
function filesOf(root: RootFiles, image: Tree): ConstructorParameters<typeof Loader<LoadableFile>>[0] {
    return {
        async file(path) {
            const own = image.lookup(path);
            if (own?.entry?.kind === "file") {
                const { content, size } = own.entry;
                return { path: own.path, links: [], content, size };
            }
            const found = await root.find(path);
            return found?.status.isFile() ? { ...found, content: { localPath: root.local(found.path) } } : undefined;
        },
        elf: elfOf,
        text: (path) => root.text(path),
        // The image gets links in place of the configuration, so a root without /etc/ld.so.cache can be used, too.
        isConfigured: async () => true,
        names: (directory) => root.names(directory),
    };
}

function elfOf(part: LoadableFile): Promise<Elf | undefined> {
    return readingContent(part, readElf);
}

/** A program for the loader, found in the image or the root. */
export function programOf(path: string, file: LoadableFile, elf: Elf): Loaded<LoadableFile> {
    return { name: path, path, file, elf, isConfigured: false };
}

function missingLibrary(
    root: RootFiles,
    program: Loaded<LoadableFile>,
    { name, neededBy, unfit }: Missing<LoadableFile>,
): Sentence {
    const by = neededBy === program ? "" : ` for ${neededBy.path}`;
    const what = `${program.path} needs the library ${name}${by}, and `;
    return unfit !== undefined
        ? {
              what: `${what}only one for another architecture than ${program.elf.architecture} is ${inRoot(root)}`,
              todo: `Install it there for ${program.elf.architecture}`,
          }
        : { what: `${what}there is none ${inRoot(root)}`, todo: "Install the package that brings it there" };
}

/** The problem of a library that is too old for its user: the loader would print "version `GLIBC_2.38' not found". */
function oldLibrary(root: RootFiles, { user, library, version, upTo }: TooOld<LoadableFile>): Sentence {
    const age = upTo === undefined ? "doesn't have it" : `is older, up to ${upTo}`;
    return {
        what: `${user.path} needs ${version} of ${library.name}, and ${library.path} ${inRoot(root)} ${age}`,
        todo: `Build it on that system, or give the \`root\` of a newer one`,
    };
}
