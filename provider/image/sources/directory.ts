import { type Dirent, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import pLimit from "p-limit";
import * as z from "zod";
import { sha256 } from "../../digest";
import { listed } from "../../format";
import { asset, objectType } from "../../schema/marks";
import { type Path, type Previewed, UNKNOWN, Unknown } from "../../schema/values";
import type { DigestCache } from "../store/digest-cache";
import { absolute, cacheOf, explained, fileInState, LocalProblem, localFile } from "../tree/local-files";
import { type Entry, Tree } from "../tree/tree";
import { treeUnits, unreadUnits } from "../tree/units";
import { unitFile } from "./files/unit-schema";
import { loadUnits, replaceUnits } from "./files/units";
import type { LoadArgs, LoadedSource } from "./loaded";
import type { Problems } from "./problems";

/** Directories that the kernel and systemd fill when a service starts. Files that a build left there aren't part of the image. */
const FILLED_LATER = ["/dev", "/proc", "/run", "/sys"];
const SETUID = 0o4000;
const SETGID = 0o2000;
/** Number of names that a warning lists. */
const MAX_NAMED = 5;

/**
 * The source `directory`: an operating system's tree, owned by root in the image. The image doesn't depend on the user who made
 * the tree, so the same tree has the same digest for every user; and portable services run as users of the host anyway, dynamic
 * ones by default.
 */
export async function loadDirectory(source: Previewed<DirectorySource>, args: LoadArgs): Promise<LoadedSource> {
    const { path, programDirectory, problems } = args;
    if (source instanceof Unknown || source.path instanceof Unknown) return { sourceDigest: UNKNOWN };
    const written = source.path;
    const units = await loadUnits(source, path, programDirectory, problems);
    const tree = await problems.reading([...path, "path"], () => readTree(written, args, [...path, "path"], problems));
    if (tree === undefined) return { sourceDigest: UNKNOWN };
    if (
        tree.lookup("/etc/os-release")?.entry === undefined &&
        tree.lookup("/usr/lib/os-release")?.entry === undefined
    ) {
        problems.add([...path, "path"], {
            what: `'${written}' has no /usr/lib/os-release, so it isn't an operating system's tree`,
            todo: `Give the directory that mmdebstrap or mkosi filled; for programs and files use the source \`files\``,
        });
    }
    const prefix = typeof args.name === "string" ? args.name : undefined;
    const addedTexts = replaceUnits(units.list, prefix, tree, problems);
    if (prefix === undefined || !units.complete) return { sourceDigest: UNKNOWN };

    const unitTexts = { ...(await treeUnits(tree, prefix)), ...addedTexts };
    if (Object.keys(unitTexts).length === 0 && unreadUnits(tree, prefix).length === 0) {
        problems.add([...path, "units"], {
            what: `'${written}' has no unit of '${prefix}' in /usr/lib/systemd/system or /etc/systemd/system`,
            todo: "Name unit files here, or install the package that brings them",
        });
    }
    if (Object.values(unitTexts).some((text) => text instanceof Unknown)) return { sourceDigest: UNKNOWN, unitTexts };
    return { sourceDigest: sha256(`directory ${tree.digest()}`), unitTexts, content: { kind: "tree", tree } };
}

/** Files of the directory that are left out of the image. */
interface Left {
    special: string[];
    setuid: string[];
}

async function readTree(written: string, args: LoadArgs, path: Path, problems: Problems): Promise<Tree> {
    const root = absolute(written, args.programDirectory);
    const top = await explained(written, root, () => stat(root, { bigint: true }));
    if (!top.isDirectory())
        throw new LocalProblem({ what: `'${written}' is not a directory`, todo: "Unpack it, or correct the path" });
    const left: Left = { special: [], setuid: [] };
    // The owner of the top directory counts as root, if an ordinary user made the tree.
    const found = await new Walk(written, args.programDirectory, top, left).entries();

    const tree = new Tree();
    for (const [imagePath, entry] of found.sort(([a], [b]) => (a < b ? -1 : 1)))
        problems.add(path, tree.add(imagePath, entry));
    problems.warn(
        path,
        left.special.length === 0
            ? undefined
            : {
                  what: `Not packed, as an image holds files, directories and symbolic links only: ${listed(left.special.sort(), MAX_NAMED)}`,
              },
    );
    problems.warn(
        path,
        left.setuid.length === 0
            ? undefined
            : {
                  what: `Packed without their set-user-ID bit, as everything in an image is root's and these files aren't: ${listed(left.setuid.sort(), MAX_NAMED)}`,
              },
    );
    return tree;
}

/** Number of directories to read at once, in a few milliseconds, before the event loop continues. */
const BATCH = 64;
const limit = pLimit(8);

interface Walked {
    found: [string, Entry][];
    /** Files that must be hashed. */
    changed: { imagePath: string; mode: number }[];
    /** Directories that aren't read yet. */
    directories: string[];
}

class Walk {
    private readonly cache: DigestCache;
    /** Absolute path. */
    private readonly root: string;

    constructor(
        /** Path as declared, for messages. */
        private readonly written: string,
        private readonly programDirectory: string,
        private readonly top: { uid: bigint; gid: bigint },
        private readonly left: Left,
    ) {
        this.cache = cacheOf(programDirectory);
        this.root = absolute(written, programDirectory);
    }

    async entries(): Promise<[string, Entry][]> {
        await this.cache.ready();
        const found: [string, Entry][] = [];
        const changed: { imagePath: string; mode: number }[] = [];
        const directories = [""];
        for (let count = 0; ; count++) {
            const above = directories.pop();
            if (above === undefined) break;
            if (count % BATCH === BATCH - 1) await setImmediate();
            const directory = this.local(above);
            // Reads all entries synchronously: with a promise for each, tens of thousands of files would be slow.
            await explained(this.name(above), directory, async () => {
                for (const child of readdirSync(directory, { withFileTypes: true })) {
                    this.child(above, child, { found, changed, directories });
                }
            });
        }
        const hashed = changed.map(
            async ({ imagePath, mode }): Promise<[string, Entry]> => [
                imagePath,
                await limit(() => localFile(this.name(imagePath), this.programDirectory, mode)),
            ],
        );
        return [...found, ...(await Promise.all(hashed))];
    }

    private child(above: string, child: Dirent, into: Walked): void {
        const imagePath = `${above}/${child.name}`;
        if (child.name.includes("\uFFFD")) {
            throw new LocalProblem({
                what: `'${this.name(imagePath)}' has a name that isn't UTF-8`,
                todo: "Rename it",
            });
        }
        if (child.isSymbolicLink()) {
            into.found.push([imagePath, { kind: "symlink", target: readlinkSync(this.local(imagePath)) }]);
        } else if (child.isDirectory()) {
            const mode = Number(lstatSync(this.local(imagePath)).mode & 0o7777);
            into.found.push([imagePath, { kind: "directory", mode }]);
            if (!FILLED_LATER.includes(imagePath)) into.directories.push(imagePath);
        } else if (child.isFile()) this.file(imagePath, into);
        else this.left.special.push(imagePath);
    }

    private file(imagePath: string, { found, changed }: Walked): void {
        const status = lstatSync(this.local(imagePath), { bigint: true });
        const whole = Number(status.mode & 0o7777n);
        // All files belong to root, so a set-user-ID bit for another user would give root's rights; with DynamicUser= it has no effect.
        const setuid = status.uid === this.top.uid ? 0 : whole & SETUID;
        const setgid = status.gid === this.top.gid ? 0 : whole & SETGID;
        if (setuid !== 0) this.left.setuid.push(imagePath);
        const mode = whole & ~setuid & ~setgid;
        const cached = fileInState(this.local(imagePath), status, this.cache, mode);
        if (cached === undefined) changed.push({ imagePath, mode });
        else found.push([imagePath, cached]);
    }

    /** The path for messages. */
    private name(imagePath: string): string {
        return imagePath === "" ? this.written : `${this.written.replace(/\/+$/, "")}${imagePath}`;
    }

    private local(imagePath: string): string {
        return `${this.root}${imagePath}`;
    }
}

export const directory = objectType(
    "DirectorySource",
    "An operating system's tree, as mmdebstrap or mkosi make it, packed as it is: its own os-release and units are used. Everything in it belongs to root in the image; device nodes, sockets and named pipes are left out, and the mount points of the units are added where they are missing.",
    {
        path: z
            .string()
            .describe("The directory that holds the tree. A relative path starts at the program's directory."),
        units: z
            .array(z.union([z.string(), asset(), unitFile]))
            .optional()
            .describe("Unit files that are added to those of the tree, or take their place."),
        substitutions: z
            .record(z.string(), z.string())
            .optional()
            .describe("Values of the variables `@name@` in the unit files given here."),
    },
);

export type DirectorySource = z.output<typeof directory>;
