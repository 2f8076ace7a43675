/** The number of symbolic links that Linux follows in one path (path_resolution(7)). */
const MAX_LINKS = 40;

/** The result of resolving a path. */
export interface Followed {
    /** The path without symbolic links as far as it exists; the missing rest is unchanged. */
    path: string;
    /** Whether all components exist. */
    exists: boolean;
    /** The symbolic links that were followed, with their targets. */
    links: [path: string, target: string][];
    /** Whether it depends on the root, by an absolute link or by `..` above the root. */
    leavesRoot: boolean;
}

/** The entry at a path: a symbolic link with its target, another entry, or undefined if there is none. */
export type AtPath = { target?: string } | undefined;

/**
 * Resolves an absolute path as the kernel would after chroot(2) into a root: absolute targets are below that root, and `..` doesn't
 * leave it. Yields each path whose entry is needed, which the caller passes to `next()`, so that synchronous and asynchronous
 * callers share the code. Returns undefined for a circle of links.
 */
export function* followLinks(path: string): Generator<string, Followed | undefined, AtPath> {
    const links: Followed["links"] = [];
    let leavesRoot = false;
    let rest = stepsOf(path);
    let reached = "/";
    while (rest.length > 0) {
        const [step, ...more] = rest as [string, ...string[]];
        rest = more;
        if (step === "..") {
            leavesRoot ||= reached === "/";
            reached = parentOf(reached);
            continue;
        }
        const next = join(reached, step);
        const found = yield next;
        if (found === undefined) return { path: [next, ...rest].join("/"), exists: false, links, leavesRoot };
        if (found.target === undefined) {
            reached = next;
            continue;
        }
        links.push([next, found.target]);
        if (links.length > MAX_LINKS) return undefined;
        rest = [...stepsOf(found.target), ...rest];
        if (!found.target.startsWith("/")) continue;
        reached = "/";
        leavesRoot = true;
    }
    return { path: reached, exists: true, links, leavesRoot };
}

/** Runs {@link followLinks} with a synchronous function. */
export function followLinksNow(path: string, entryAt: (path: string) => AtPath): Followed | undefined {
    const walk = followLinks(path);
    let step = walk.next();
    while (!step.done) step = walk.next(entryAt(step.value));
    return step.value;
}

/** The components of a path, without empty ones and dots. */
export function stepsOf(path: string): string[] {
    return path.split("/").filter((step) => step !== "" && step !== ".");
}

/** The parent directory of a path; that of `/` is `/`. */
export function parentOf(path: string): string {
    return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last component of a path. */
export function nameOf(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of a name in a directory. */
export function join(directory: string, name: string): string {
    return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** Whether a path is the directory or below it. */
export function isIn(path: string, directory: string): boolean {
    return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** A pattern of glob(7) without character classes, whose `*` and `?` stay within a name. */
export function globOf(pattern: string): RegExp {
    const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`);
}
