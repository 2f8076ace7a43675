import { globOf, join, nameOf, parentOf } from "../tree/paths";

/** Access to the files with a loader's configuration. */
export interface SearchFiles {
    /** The text of a file; undefined if there is none. */
    text(path: string): Promise<string | undefined>;
    /** Whether ld.so.conf is in effect: a loader only reads /etc/ld.so.cache, which ldconfig(8) makes from it. */
    isConfigured(): Promise<boolean>;
    /** Sorted names in a directory; empty if it doesn't exist. */
    names(directory: string): Promise<string[]>;
}

/** Additional built-in directories of Debian's C library ("Multiarch"), by architecture. */
const TRIPLETS: Record<string, string> = {
    x86: "i386-linux-gnu",
    "x86-64": "x86_64-linux-gnu",
    arm: "arm-linux-gnueabihf",
    arm64: "aarch64-linux-gnu",
    ppc64: "powerpc64le-linux-gnu",
    riscv64: "riscv64-linux-gnu",
    s390x: "s390x-linux-gnu",
    loongarch64: "loongarch64-linux-gnu",
};
/** Libraries that musl's loader itself contains, with any suffix after the dot. */
const MUSL_OWN = /^lib(c|pthread|rt|m|dl|util|xnet)\./;
/** Stores of Nix and Guix, whose loaders don't read /etc/ld.so.cache and only search their own directory. */
const OWN_STORE = /^\/(nix|gnu)\/store\//;
/** Limit of nested includes in ld.so.conf, which ends a circle of them. */
const MAX_INCLUDES = 8;

function isMusl(loader: string | undefined): boolean {
    return loader !== undefined && nameOf(loader).startsWith("ld-musl-");
}

/** Names of libraries that the loader itself provides. `loader`: PT_INTERP of the program. */
export function librariesOf(loader: string | undefined) {
    const musl = isMusl(loader);
    const own = loader === undefined ? undefined : nameOf(loader);
    return { isMusl: musl, isLoaderItself: (name: string) => name === own || (musl && MUSL_OWN.test(name)) };
}

/** Directories that a loader searches without configuration. `loaderPath`: its path with symbolic links resolved. */
export function builtInDirectories(architecture: string, loader?: string, loaderPath = loader): string[] {
    if (isMusl(loader)) return ["/lib", "/usr/local/lib", "/usr/lib"];
    if (loaderPath !== undefined && OWN_STORE.test(loaderPath)) return [parentOf(loaderPath)];
    const triplet = TRIPLETS[architecture];
    const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
    return [...multiarch, "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
}

/** Directories in the system's configuration. */
export async function configuredDirectories(
    files: SearchFiles,
    loader?: string,
    loaderPath = loader,
): Promise<string[] | undefined> {
    if (loader !== undefined && isMusl(loader)) return muslPath(files, loader);
    if (loaderPath !== undefined && OWN_STORE.test(loaderPath)) return undefined;
    return (await files.isConfigured()) ? readConfiguration(files, "/etc/ld.so.conf", 0) : undefined;
}

/** Directories in musl's file `/etc/ld-musl-x86_64.path`, separated by colons or line breaks. */
async function muslPath(files: SearchFiles, loader: string): Promise<string[] | undefined> {
    const prefix = parentOf(parentOf(loader));
    const file = `etc/${nameOf(loader).replace(/\.so(\.\d+)?$/, ".path")}`;
    const text = await files.text(join(prefix, file));
    return text?.split(/[:\n]/).filter((directory) => directory !== "");
}

/** Parses ld.so.conf: a directory a line, and `include PATTERN...`, where patterns can be relative to the file. */
async function readConfiguration(files: SearchFiles, file: string, depth: number): Promise<string[]> {
    const text = depth > MAX_INCLUDES ? undefined : await files.text(file);
    const directories: string[] = [];
    for (const line of (text ?? "").split("\n").map((rawLine) => rawLine.replace(/#.*/, "").trim())) {
        // ldconfig still accepts `/usr/lib=libc6` for /usr/lib.
        if (line.startsWith("/")) directories.push(line.replace(/=.*/, "").replace(/(?<=.)\/+$/, ""));
        const [keyword, ...patterns] = line.split(/\s+/);
        for (const pattern of keyword === "include" ? patterns : []) {
            const whole = pattern.startsWith("/") ? pattern : join(parentOf(file), pattern);
            const matches = globOf(nameOf(whole));
            for (const name of await files.names(parentOf(whole))) {
                if (!matches.test(name)) continue;
                directories.push(...(await readConfiguration(files, join(parentOf(whole), name), depth + 1)));
            }
        }
    }
    return directories;
}
