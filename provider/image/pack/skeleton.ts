import { parseUnit } from "../../systemd/unit-file";
import { mountPoints } from "../../systemd/unit-paths";
import { type DirectoryEntry, type Entry, Tree, textEntry } from "../tree/tree";

/** Bump when the added files change, so that images of the same source are built again. */
export const SKELETON_VERSION = 1;

export interface Identity {
    /** Name of the image, which is the prefix of its units (unless it is an extension). */
    name: string;
    version: string;
    /** For an extension: name of the image that it extends, which is the prefix of its units. */
    extends?: string;
    /** For an instance: the prefix of the units in the source. */
    instanceOf?: string;
}

/**
 * Adds files that portabled, systemd and the C library need in an image ("Portable Services Introduction", "Requirements on
 * Images"), and the mount points of its services. Files of the user are kept.
 */
export function addSkeleton(tree: Tree, identity: Identity, units: Readonly<Record<string, string>>): void {
    for (const [path, mode] of Object.entries(DIRECTORIES)) addAbsent(tree, path, { kind: "directory", mode });
    if (tree.lookup("/etc/os-release")?.entry === undefined) {
        addAbsent(tree, "/usr/lib/os-release", textEntry(osRelease(identity)));
        addAbsent(tree, "/etc/os-release", { kind: "symlink", target: "../usr/lib/os-release" });
    }
    for (const [path, text] of Object.entries(FILES)) addAbsent(tree, path, textEntry(text));
    // With directories of the image's name, drop-ins can add bind mounts and managed directories without a new image.
    for (const base of ["/etc", "/var/lib", "/var/cache", "/var/log"])
        addAbsent(tree, `${base}/${identity.name}`, directory());
    for (const [unit, text] of Object.entries(units)) {
        if (!unit.endsWith(".service")) continue;
        for (const { path, kind } of mountPoints(parseUnit(text), unit)) {
            addAbsent(tree, path, kind === "file" ? textEntry("") : directory());
        }
    }
}

/** The paths at which a tree has the same entries that {@link addSkeleton} would add. */
export function skeletonPaths(tree: Tree, identity: Identity, units: Readonly<Record<string, string>>): string[] {
    const skeleton = new Tree();
    addSkeleton(skeleton, identity, units);
    return skeleton.sorted().flatMap(([path, entry]) => (isSame(tree.get(path), entry) ? [path] : []));
}

function isSame(own: Entry | undefined, entry: Entry): boolean {
    if (own?.kind === "file" && entry.kind === "file") return own.sha256 === entry.sha256 && own.mode === entry.mode;
    if (own?.kind === "directory" && entry.kind === "directory") return own.mode === entry.mode;
    return own?.kind === "symlink" && entry.kind === "symlink" && own.target === entry.target;
}

function directory(): DirectoryEntry {
    return { kind: "directory", mode: 0o755 };
}

function addAbsent(tree: Tree, path: string, entry: Entry): void {
    const place = tree.lookup(path);
    // If a file of the user is in the way, it is kept.
    if (place !== undefined && (place.entry === undefined || isImplied(place.entry))) tree.add(place.path, entry);
}

function isImplied(entry: Entry): boolean {
    return entry.kind === "directory" && entry.implied === true;
}

/** Mount points of every image and their modes. */
const DIRECTORIES: Record<string, number> = {
    "/dev": 0o755,
    "/proc": 0o555,
    "/sys": 0o555,
    "/run": 0o755,
    "/tmp": 0o1777,
    "/var/tmp": 0o1777,
    "/root": 0o700,
};

const FILES: Record<string, string> = {
    // These are empty, as the host's files are mounted over them.
    "/etc/machine-id": "",
    "/etc/resolv.conf": "",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    "/etc/passwd":
        "root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
};

/** The text of os-release(5). ID and versions can only have lower case letters, digits and . _ - in it. */
function osRelease({ name, version }: Identity): string {
    const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
    return [
        `NAME="${name}"`,
        `ID=${plain(name)}`,
        `PRETTY_NAME="${name} ${version}"`,
        `VERSION_ID=${plain(version)}`,
        `IMAGE_ID=${plain(name)}`,
        `IMAGE_VERSION=${plain(version)}`,
        `PORTABLE_ID=${name}`,
        `PORTABLE_PRETTY_NAME="${name} ${version}"`,
        `PORTABLE_PREFIXES=${name}`,
        "",
    ].join("\n");
}
