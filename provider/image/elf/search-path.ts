import { globOf, join, nameOf, parentOf } from "../tree/paths";

/** The files from which the configuration of a loader is read. */
export interface SearchFiles {
    /** The text of a file; undefined where there is none. */
    text(path: string): Promise<string | undefined>;
    /** Whether /etc/ld.so.conf counts. A loader reads only /etc/ld.so.cache, which ldconfig(8) makes from it. */
    isConfigured(): Promise<boolean>;
    /** Names in a directory, sorted; none where there is no directory. */
    names(directory: string): Promise<string[]>;
}

/** Directories that Debian's C library has built in besides the usual ones ("Multiarch"), by architecture. */
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
/** musl's loader is all of these libraries itself, whatever stands behind the dot. */
const MUSL_OWN = /^lib(c|pthread|rt|m|dl|util|xnet)\./;
/** The loaders of Nix and Guix read no /etc/ld.so.cache, and search their own directory only. */
const OWN_STORE = /^\/(nix|gnu)\/store\//;
/** ldconfig reads no deeper includes in any system that is known; a circle of them ends here. */
const MAX_INCLUDES = 8;

function isMusl(loader: string | undefined): boolean {
    return loader !== undefined && nameOf(loader).startsWith("ld-musl-");
}

/** The names of libraries that the loader itself provides. `loader`: PT_INTERP of the program. */
export function librariesOf(loader: string | undefined) {
    const musl = isMusl(loader);
    const own = loader === undefined ? undefined : nameOf(loader);
    return { isMusl: musl, isLoaderItself: (name: string) => name === own || (musl && MUSL_OWN.test(name)) };
}

/** Directories that a loader searches without any configuration. `loaderPath`: where it is, symbolic links followed. */
export function builtInDirectories(architecture: string, loader?: string, loaderPath = loader): string[] {
    if (isMusl(loader)) return ["/lib", "/usr/local/lib", "/usr/lib"];
    if (loaderPath !== undefined && OWN_STORE.test(loaderPath)) return [parentOf(loaderPath)];
    const triplet = TRIPLETS[architecture];
    const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
    return [...multiarch, "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
}

/** Directories that the system's configuration names. */
export async function configuredDirectories(
    files: SearchFiles,
    loader?: string,
    loaderPath = loader,
): Promise<string[] | undefined> {
    if (loader !== undefined && isMusl(loader)) return muslPath(files, loader);
    if (loaderPath !== undefined && OWN_STORE.test(loaderPath)) return undefined;
    return (await files.isConfigured()) ? readConfiguration(files, "/etc/ld.so.conf", 0) : undefined;
}

/** `/etc/ld-musl-x86_64.path` for the loader /lib/ld-musl-x86_64.so.1: directories by colon or line. */
async function muslPath(files: SearchFiles, loader: string): Promise<string[] | undefined> {
    const prefix = parentOf(parentOf(loader));
    const file = `etc/${nameOf(loader).replace(/\.so(\.\d+)?$/, ".path")}`;
    const text = await files.text(join(prefix, file));
    return text?.split(/[:\n]/).filter((directory) => directory !== "");
}

/** A directory a line, and `include PATTERN...`; relative patterns start beside the file. */
async function readConfiguration(files: SearchFiles, file: string, depth: number): Promise<string[]> {
    const text = depth > MAX_INCLUDES ? undefined : await files.text(file);
    const directories: string[] = [];
    for (const line of (text ?? "").split("\n").map((rawLine) => rawLine.replace(/#.*/, "").trim())) {
        // ldconfig takes `/usr/lib=libc6` for /usr/lib still.
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
