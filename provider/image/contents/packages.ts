import { sha256 } from "../../digest";
import { readText } from "../tree/content";
import type { Tree } from "../tree/tree";
import { sizeText } from "./size";

/** A package in the image. */
export interface ImagePackage {
    /** The package manager that installed it. */
    kind: "apk" | "deb" | "nix" | "npm" | "python";
    name: string;
    version: string;
    /** Directory that only has the package's files, which the package's line stands for. Undefined if there is none. */
    directory?: string;
}

/** More bytes than the package list of any system. */
const MAX_READ_BYTES = 16 << 20;
const NIX_STORE = /^\/nix\/store\/[0-9a-z]{32}-([^/]+)$/;
const NPM_PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/@.][^/]*))\/package\.json$/;
const PYTHON_PACKAGE = /\/(?:site|dist)-packages\/([^/]+?)-([^/-]+)\.(?:dist-info|egg-info)$/;

/** Paths of package lists, whose changes the lines of packages show. */
export const PACKAGE_LISTS = { deb: "/var/lib/dpkg/status", apk: "/lib/apk/db/installed" } as const;

/** The packages that left a record in the image: those of dpkg, apk, Nix, npm and pip. */
export async function packagesOf(tree: Tree): Promise<ImagePackage[]> {
    const found: ImagePackage[] = [
        ...(await records(tree, "deb", /^Package: (.*)$/m, /^Version: (.*)$/m)),
        ...(await records(tree, "apk", /^P:(.*)$/m, /^V:(.*)$/m)),
    ];
    for (const [path, entry] of tree.sorted()) {
        const nix = NIX_STORE.exec(path)?.[1];
        if (nix !== undefined) found.push({ kind: "nix", ...splitNixName(nix), directory: path });
        const [, directory, npm] = NPM_PACKAGE.exec(path) ?? [];
        if (npm !== undefined && entry.kind === "file") {
            const version = npmVersion(await readText(entry));
            if (version !== undefined) found.push({ kind: "npm", name: npm, version, directory });
        }
        const [, name, version] = PYTHON_PACKAGE.exec(path) ?? [];
        if (name !== undefined && version !== undefined) found.push({ kind: "python", name, version });
    }
    return found;
}

/** Packages in the paragraphs of a list. dpkg keeps those of removed packages, whose status lacks `installed`. */
async function records(tree: Tree, kind: "deb" | "apk", name: RegExp, version: RegExp) {
    const entry = tree.lookup(PACKAGE_LISTS[kind])?.entry;
    if (entry?.kind !== "file") return [];
    const paragraphs = (await readText(entry, MAX_READ_BYTES)).split("\n\n");
    return paragraphs.flatMap((paragraph): ImagePackage[] => {
        const [called, numbered] = [name.exec(paragraph)?.[1], version.exec(paragraph)?.[1]];
        if (called === undefined || numbered === undefined || /^Status: (?!.* installed$)/m.test(paragraph)) return [];
        return [{ kind, name: called, version: numbered }];
    });
}

/** Splits `openssl-3.0.13-bin`: the version starts with a digit after a dash (Nix manual, parseDrvName). */
function splitNixName(text: string): { name: string; version: string } {
    const [, name, version] = /^(.+?)-(\d.*)$/.exec(text) ?? [];
    return { name: name ?? text, version: version ?? "" };
}

function npmVersion(text: string): string | undefined {
    try {
        const { version } = JSON.parse(text);
        return typeof version === "string" ? version : undefined;
    } catch {
        return undefined;
    }
}

/**
 * A line for each name: `openssl (nix)`: `3.0.13, 5.2 MB`, with all versions of the name. The rest beyond the limit is
 * summarized in a last line.
 */
export function packageLines(
    packages: readonly ImagePackage[],
    sizeOf: (directory: string) => number,
    maxLines: number,
): [string, string][] {
    const byName = new Map<string, Map<string, number | undefined>>();
    for (const { kind, name, version, directory } of packages) {
        const key = `${name} (${kind})`;
        const versions = byName.get(key) ?? new Map<string, number | undefined>();
        byName.set(key, versions);
        const size = directory === undefined ? undefined : sizeOf(directory);
        versions.set(version, size === undefined ? versions.get(version) : (versions.get(version) ?? 0) + size);
    }
    const lines = [...byName].map(([key, versions]): [string, string] => {
        const texts = [...versions].map(([version, size]) =>
            [version, size === undefined ? "" : sizeText(size)].filter((part) => part !== "").join(", "),
        );
        return [key, texts.sort().join("; ")];
    });
    lines.sort(([a], [b]) => (a < b ? -1 : 1));
    if (lines.length <= maxLines) return lines;
    const rest = lines.splice(maxLines - 1);
    return [...lines, ["more packages", `${rest.length}, ${sha256(JSON.stringify(rest)).slice(0, 8)}`]];
}
