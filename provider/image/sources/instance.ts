import { sha256 } from "../../digest";
import { type Sentence, UserError } from "../../errors";
import { type Previewed, UNKNOWN, Unknown } from "../../schema/values";
import { eachWord, ownNames, type Prefixes, renamedText, renamedUnit } from "../../systemd/unit-renaming";
import { readText } from "../tree/content";
import { join, parentOf } from "../tree/paths";
import { type FileEntry, type Tree, textEntry } from "../tree/tree";
import { unitFiles } from "../tree/units";
import type { LoadedSource } from "./loaded";
import type { Problems } from "./problems";

/** Bump when sources are rewritten in another way, so that images of instances are built again. */
const INSTANCE_VERSION = 2;

/** The name of an instance's image, which is the prefix of its units: `hello-staging` for `hello` and `staging`. */
export function instanceName(name: string, instance: string | undefined): string {
    return instance === undefined ? name : `${name}-${instance}`;
}

/** Converts a source for an instance of its program: units and references to them are renamed. */
export async function asInstance(
    loaded: LoadedSource,
    prefix: Previewed<string>,
    instance: Previewed<string>,
    problems: Problems,
): Promise<LoadedSource> {
    if (prefix instanceof Unknown || instance instanceof Unknown) return { sourceDigest: UNKNOWN, unitTexts: UNKNOWN };
    const prefixes = { from: prefix, to: instanceName(prefix, instance) };
    const { sourceDigest, unitTexts, content } = loaded;
    const parts = ["instance", INSTANCE_VERSION, prefix, instance, sourceDigest];
    const renamed = {
        sourceDigest: sourceDigest instanceof Unknown ? UNKNOWN : sha256(JSON.stringify(parts)),
        unitTexts:
            unitTexts === undefined || unitTexts instanceof Unknown ? unitTexts : renamedTexts(unitTexts, prefixes),
    };
    if (content === undefined) return renamed;
    if (content.kind === "tree") {
        for (const reason of await renameInTree(content.tree, prefixes)) problems.add(["instance"], reason);
        return { ...renamed, content };
    }
    if (content.kind === "ready") throw new Error("a ready image can't become an instance");
    return {
        ...renamed,
        content: {
            kind: "later",
            async make(args) {
                const made = await content.make(args);
                if (made.kind === "ready") throw new Error("a ready image can't become an instance");
                const [reason] = await renameInTree(made.tree, prefixes);
                if (reason !== undefined) throw new UserError({ property: "instance", ...reason });
                return made;
            },
        },
    };
}

function renamedTexts(texts: Readonly<Record<string, string | Unknown>>, prefixes: Prefixes) {
    const names = ownNames(
        Object.entries(texts).map(([name, text]) => [name, typeof text === "string" ? text : undefined]),
    );
    return Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [
            renamedUnit(name, prefixes),
            typeof text === "string" ? renamedText(text, names, prefixes) : text,
        ]),
    );
}

/** Renames the units that portablectl attaches, in all directories. Returns conflicts with other files. */
async function renameInTree(tree: Tree, prefixes: Prefixes): Promise<Sentence[]> {
    const found = await Promise.all(
        unitFiles(tree, prefixes.from).map(async (file) => ({ ...file, text: await readText(file.entry) })),
    );
    const names = ownNames(found.map(({ name, text }) => [name, text]));
    for (const { path } of found) tree.remove(path);
    const reasons = found.map(({ path, name, text, entry }) =>
        tree.add(
            join(parentOf(path), renamedUnit(name, prefixes)),
            textEntry(renamedText(text, names, prefixes), entry.mode),
        ),
    );
    for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
        const place = tree.lookup(path);
        if (place?.entry?.kind === "file") await renamePrefix(tree, place.path, place.entry, prefixes);
    }
    return reasons.filter((reason) => reason !== undefined);
}

/** Renames PORTABLE_PREFIXES in os-release, which limits the names that can be attached (portablectl(1)). */
async function renamePrefix(tree: Tree, path: string, entry: FileEntry, { from, to }: Prefixes): Promise<void> {
    const text = await readText(entry);
    const changed = text.replace(
        /^(PORTABLE_PREFIXES=)(.*)$/m,
        (_, key: string, value: string) => key + eachWord(value, (word) => (word === from ? to : word)),
    );
    if (changed === text) return;
    tree.remove(path);
    tree.add(path, textEntry(changed, entry.mode));
}
