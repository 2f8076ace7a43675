import { readingContent } from "../tree/content";
import { parentOf } from "../tree/paths";
import type { Found, RootFiles } from "../tree/root-files";
import type { Content, Tree } from "../tree/tree";
import { type Elf, readElf } from "./elf";

/** Directories of libraries that Debian's C library has built in besides the usual ones ("Multiarch"). */
const TRIPLETS: Record<string, string> = {
    x86: "i386-linux-gnu",
    "x86-64": "x86_64-linux-gnu",
    arm: "arm-linux-gnueabihf",
    arm64: "aarch64-linux-gnu",
    ppc64: "powerpc64le-linux-gnu",
    riscv64: "riscv64-linux-gnu",
    s390x: "s390x-linux-gnu",
};

/** A program or library, and where it was found. */
export interface Loaded {
    /** As the loader finds it, links not followed. */
    path: string;
    found: Pick<Found, "path" | "links">;
    elf: Elf;
}

/** Finds libraries in a root as its dynamic loader would (ld.so(8)). */
export class Libraries {
    private configured: Promise<string[]> | undefined;

    /** `image`: what is in it already counts before what the root has. */
    constructor(
        private readonly root: RootFiles,
        private readonly image: Tree,
    ) {}

    /**
     * The library of that name for a program of the architecture; "another" where there are only ones for others.
     * `runPaths`: directories of the object that needs it, and of those that led to it.
     */
    async find(
        name: string,
        architecture: string,
        runPaths: readonly string[],
    ): Promise<Loaded | "another" | undefined> {
        const directories = [...runPaths, ...(await this.directories(architecture))];
        let another = false;
        for (const path of name.includes("/") ? [name] : directories.map((each) => `${each}/${name}`)) {
            const own = this.image.lookup(path);
            const given =
                own?.entry?.kind === "file" ? { path: own.path, links: [], content: own.entry.content } : undefined;
            const found = given ?? (await this.inRoot(path));
            if (found === undefined) continue;
            const elf = await elfOf(found.content);
            if (elf?.architecture === architecture) return { path, found, elf };
            another = true;
        }
        return another ? "another" : undefined;
    }

    private async inRoot(path: string) {
        const found = await this.root.find(path);
        return found?.status.isFile() ? { ...found, content: { localPath: this.root.local(found.path) } } : undefined;
    }

    private async directories(architecture: string): Promise<string[]> {
        this.configured ??= this.readConfiguration("/etc/ld.so.conf", 0);
        return [...(await this.configured), ...builtInDirectories(architecture)];
    }

    /** ld.so.conf of ldconfig(8): a directory a line, and `include PATTERN`. */
    private async readConfiguration(file: string, depth: number): Promise<string[]> {
        const text = depth > 8 ? undefined : await this.root.text(file);
        const directories: string[] = [];
        for (const line of (text ?? "").split("\n").map((each) => each.replace(/#.*/, "").trim())) {
            if (line.startsWith("/")) directories.push(line.replace(/\/+$/, ""));
            const pattern = /^include\s+(\S+)/.exec(line)?.[1];
            if (pattern === undefined) continue;
            const whole = pattern.startsWith("/") ? pattern : `${parentOf(file)}/${pattern}`;
            const matches = globOf(whole.slice(whole.lastIndexOf("/") + 1));
            for (const name of await this.root.names(parentOf(whole))) {
                if (matches.test(name)) {
                    directories.push(...(await this.readConfiguration(`${parentOf(whole)}/${name}`, depth + 1)));
                }
            }
        }
        return directories;
    }
}

/** Where a loader looks without any configuration. */
export function builtInDirectories(architecture: string): string[] {
    const triplet = TRIPLETS[architecture];
    const ofTriplet = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
    return [...ofTriplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
}

function globOf(pattern: string): RegExp {
    return new RegExp(
        `^${pattern
            .replace(/[.+^${}()|[\]\\]/g, "\\$&")
            .replaceAll("*", ".*")
            .replaceAll("?", ".")}$`,
    );
}

/** What a program or library says of itself; undefined when it is neither. */
export function elfOf(content: Content): Promise<Elf | undefined> {
    return readingContent({ content }, readElf);
}

/** The directories of an object's run path, `$ORIGIN` being where it is. */
export function runPathOf({ path, found, elf }: Loaded): string[] {
    const origins = [...new Set([parentOf(path), parentOf(found.path)])];
    return elf.runPath.flatMap((each) =>
        origins.map((origin) => each.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin).replace(/\/+$/, "")),
    );
}
