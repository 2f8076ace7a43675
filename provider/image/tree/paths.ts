/** The number of symbolic links that Linux follows in one path (path_resolution(7)). */
const MAX_LINKS = 40;

/** The result of following a path. */
export interface Followed {
    /** The path without symbolic links, as far as something is there; the steps behind that as they were written. */
    path: string;
    /** False where something on the way is missing. */
    exists: boolean;
    /** The symbolic links on the way, each with its target as written. */
    links: [path: string, target: string][];
    /** Whether it leads elsewhere for a process whose root isn't this one: by an absolute link, or by `..` above the root. */
    leavesRoot: boolean;
}

/** The entry at a path: a symbolic link with its target, another entry, or nothing. */
export type AtPath = { target?: string } | undefined;

/**
 * Follows an absolute path as the kernel would after chroot(2) into a root: absolute targets start at that root, and
 * `..` doesn't leave it. Yields each path whose kind decides where it goes on, and takes the answer from `next()`, so
 * that the same walk serves files that are read at once and files that are awaited. A circle of links returns undefined.
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

/** Runs {@link followLinks} where `at` answers at once. */
export function followLinksNow(path: string, entryAt: (path: string) => AtPath): Followed | undefined {
    const walk = followLinks(path);
    let step = walk.next();
    while (!step.done) step = walk.next(entryAt(step.value));
    return step.value;
}

/** The names in a path, without empty ones and dots. */
export function stepsOf(path: string): string[] {
    return path.split("/").filter((step) => step !== "" && step !== ".");
}

/** The directory that holds a path; that of `/` is `/`. */
export function parentOf(path: string): string {
    return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last name of a path. */
export function nameOf(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of a name in a directory. */
export function join(directory: string, name: string): string {
    return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** Whether a path is the directory or lies in it. */
export function isIn(path: string, directory: string): boolean {
    return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** A pattern of glob(7) without character classes, whose `*` and `?` stay within a name. */
export function globOf(pattern: string): RegExp {
    const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`);
}
