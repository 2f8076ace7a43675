import type { Elf } from "../elf/elf";
import { isIn, parentOf } from "../tree/paths";
import type { FileEntry, Tree } from "../tree/tree";
import { libraryDirectories } from "./search";

interface Loadable {
    /** Links followed. */
    path: string;
    elf: Elf;
    /** Directories of DT_RPATH of what led here. */
    inherited?: string[];
    /** For texts: `libb.so.1 of liba.so.1`. */
    via?: string;
}

export interface LibraryProblem {
    what: string;
    todo: string;
}

const TODO = "Add it, or link the program statically: `binaries` of the source `files` brings libraries along";
/** What musl's loader has in itself, under whatever name it is asked for. */
const MUSL_OWN = /^(libc|libm|libpthread|librt|libdl|libutil|libxnet|libcrypt)\.(so|musl-)/;

/** Loads a program as its dynamic loader would, without running it: every library, its architecture and versions. */
export class Libraries {
    constructor(
        private readonly tree: Tree,
        /** Paths whose content isn't the image's. */
        private readonly outside: readonly string[],
        private readonly elfOf: (path: string, entry: FileEntry) => Promise<Elf | undefined>,
    ) {}

    /** What keeps the program from being loaded. `searchFirst`: LD_LIBRARY_PATH. */
    async problems(program: Loadable, searchFirst: readonly string[]): Promise<LibraryProblem[]> {
        const loader = program.elf.interpreter as string;
        const directories = await libraryDirectories(this.tree, loader);
        const problems: LibraryProblem[] = [];
        const loaded = new Map<string, Loadable>();
        const queue: Loadable[] = [program];
        for (let object = queue.shift(); object !== undefined; object = queue.shift()) {
            for (const name of object.elf.needed) {
                if (loaded.has(name) || isLoaderItself(name, loader)) continue;
                const found = await this.find(name, object, program.elf.architecture, searchFirst, directories);
                if (found === undefined) continue;
                if (typeof found === "string") {
                    problems.push({ what: found, todo: TODO });
                    loaded.set(name, { path: "", elf: { ...program.elf, versions: [], needed: [] } });
                    continue;
                }
                const inherited = object.elf.isRunPathInherited ? runPathOf(object) : (object.inherited ?? []);
                const next = { ...found, inherited, via: object === program ? name : `${name} of ${object.via}` };
                loaded.set(name, next);
                queue.push(next);
            }
        }
        for (const object of [program, ...loaded.values()]) problems.push(...versionProblems(object, loaded));
        return problems;
    }

    private isOutside(path: string): boolean {
        return this.outside.some((each) => isIn(path, each));
    }

    private async find(
        name: string,
        object: Loadable,
        architecture: string,
        searchFirst: readonly string[],
        directories: readonly string[],
    ): Promise<Loadable | string | undefined> {
        const [before, after] = object.elf.isRunPathInherited ? [runPathOf(object), []] : [[], runPathOf(object)];
        const searched = [...before, ...(object.inherited ?? []), ...searchFirst, ...after, ...directories];
        let other: string | undefined;
        for (const path of name.includes("/") ? [name] : searched.map((each) => `${each}/${name}`)) {
            const place = this.tree.lookup(path);
            if (place?.entry?.kind !== "file") continue;
            const elf = await this.elfOf(place.path, place.entry);
            if (elf?.architecture === architecture) return { path: place.path, elf };
            other ??=
                elf === undefined
                    ? `${path} isn't a library`
                    : `${path} is for ${elf.architecture}, and the program for ${architecture}`;
        }
        // Where one of them is mounted from the host, it may be there.
        if (searched.some((each) => this.isOutside(each))) return undefined;
        const needs = object.via === undefined ? "it needs" : `${object.via} needs`;
        return `${needs} ${name}, ${other ?? "which isn't in the image"}`;
    }
}

function isLoaderItself(name: string, loader: string): boolean {
    const own = loader.slice(loader.lastIndexOf("/") + 1);
    return name === own || (own.startsWith("ld-musl-") && MUSL_OWN.test(name));
}

function runPathOf({ path, elf }: Loadable): string[] {
    return elf.runPath.map((each) => each.replace(/\$(ORIGIN|\{ORIGIN\})/g, parentOf(path)).replace(/\/+$/, ""));
}

/** Versions of symbols that a library of the image doesn't have: it comes from an older system than its user. */
function versionProblems(object: Loadable, loaded: ReadonlyMap<string, Loadable>): LibraryProblem[] {
    return Object.entries(object.elf.neededVersions).flatMap(([library, versions]) => {
        const has = loaded.get(library)?.elf.versions ?? [];
        const lacking = has.length === 0 ? [] : versions.filter((version) => !has.includes(version));
        const newest = lacking.sort(byNumbers).at(-1);
        if (newest === undefined) return [];
        const family = newest.replace(/_.*/, "");
        const last = has
            .filter((version) => version.startsWith(`${family}_`) && /_[\d.]+$/.test(version))
            .sort(byNumbers)
            .at(-1);
        const upTo = last === undefined ? "doesn't have it" : `goes up to ${last}`;
        return [
            {
                what: `${object.via ?? "it"} needs ${newest} of ${library}, and the image's ${upTo}`,
                todo: `Take ${library} from the system where the program was built, or build the program on an older one`,
            },
        ];
    });
}

function byNumbers(a: string, b: string): number {
    return a.localeCompare(b, "en", { numeric: true });
}
