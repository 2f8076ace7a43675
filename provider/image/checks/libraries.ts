import { readElf } from "../elf/elf";
import { type LibraryFile, type Loaded, Loader, type Missing, type TooOld } from "../elf/loader";
import { readingContent, readText } from "../tree/content";
import { isIn } from "../tree/paths";
import type { FileEntry, Tree } from "../tree/tree";

/** A file of the image. */
export interface ImageFile extends LibraryFile {
    entry: FileEntry;
}

export interface LibraryProblem {
    what: string;
    todo: string;
}

const TODO = "Add it, or link the program statically: `binaries` of the source `files` brings libraries along";

/** Loads the programs of an image as they will be on a host. */
export function imageLoader(tree: Tree, elf: (file: ImageFile) => ReturnType<typeof readElf>): Loader<ImageFile> {
    return new Loader({
        async file(path) {
            const place = tree.lookup(path);
            if (place?.entry?.kind !== "file") return undefined;
            return { path: place.path, content: place.entry.content, entry: place.entry };
        },
        elf,
        async text(path) {
            const entry = tree.lookup(path)?.entry;
            return entry?.kind === "file" ? readText(entry) : undefined;
        },
        async isConfigured() {
            return tree.lookup("/etc/ld.so.cache")?.entry?.kind === "file";
        },
        async names(directory) {
            return tree.names(tree.lookup(directory)?.path ?? directory);
        },
    });
}

/**
 * Finds reasons why a program can't be loaded. `outside`: paths that are mounted over the image; `libraryPath`: directories of
 * LD_LIBRARY_PATH.
 */
export async function libraryProblems(
    loader: Loader<ImageFile>,
    program: Loaded<ImageFile>,
    libraryPath: readonly string[],
    outside: readonly string[],
): Promise<LibraryProblem[]> {
    const { missing, tooOld } = await loader.load(program, { libraryPath });
    // A library may be in a directory that is mounted from the host.
    const isSurely = ({ searched }: Missing<ImageFile>) =>
        !searched.some((directory) => outside.some((mountPoint) => isIn(directory, mountPoint)));
    return [...missing.filter(isSurely).map(missingProblem), ...tooOld.map(tooOldProblem)];
}

/** The headers of an ELF file; undefined if it isn't one, or if its tables point outside of the file. */
export async function elfOf(entry: FileEntry): ReturnType<typeof readElf> {
    try {
        return await readingContent(entry, readElf);
    } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
    }
}

/** `libb.so.1 of liba.so.1`; undefined for the program itself. */
function labelOf({ name, neededBy }: Loaded<ImageFile>): string | undefined {
    if (neededBy === undefined) return undefined;
    const user = labelOf(neededBy);
    return user === undefined ? name : `${name} of ${user}`;
}

function missingProblem({ name, neededBy, unfit }: Missing<ImageFile>): LibraryProblem {
    const user = labelOf(neededBy);
    const needs = user === undefined ? "it needs" : `${user} needs`;
    let found = "which isn't in the image";
    if (unfit !== undefined) {
        found =
            unfit.architecture === undefined
                ? `${unfit.path} isn't a library`
                : `${unfit.path} is for ${unfit.architecture}, and the program for ${architectureOf(neededBy)}`;
    }
    return { what: `${needs} ${name}, ${found}`, todo: TODO };
}

function architectureOf(object: Loaded<ImageFile>): string {
    return object.elf.architecture;
}

/** Reports versions of symbols that a library lacks, which means that it comes from an older system than its user. */
function tooOldProblem({ user, library, version, upTo }: TooOld<ImageFile>): LibraryProblem {
    const has = upTo === undefined ? "doesn't have it" : `goes up to ${upTo}`;
    return {
        what: `${labelOf(user) ?? "it"} needs ${version} of ${library.name}, and the image's ${has}`,
        todo: `Take ${library.name} from the system where the program was built, or build the program on an older one`,
    };
}
