import { sha256 } from "../digest";
import { VALIDATION_VERSION, validateImage } from "./checks/checks";
import type { Finding } from "./checks/finding";
import { nameFindings } from "./checks/names";
import { CONTENTS_VERSION, contentsOf } from "./contents/contents";
import { extensionProblems } from "./pack/extension";
import { addSkeleton, type Identity, SKELETON_VERSION, skeletonPaths } from "./pack/skeleton";
import { withReadyTree } from "./pack/unpack";
import type { Packable, Ready } from "./sources/loaded";
import type { Store } from "./store/store";
import type { Tree } from "./tree/tree";
import { treeUnits, unitDirectories, unreadUnits } from "./tree/units";

/** The contents of an image, and the findings about it. */
export interface Inspection {
    /** Texts of the units that portablectl attaches, by name. */
    unitTexts: Record<string, string>;
    /** Contents as short lines by path or package. */
    contents: Record<string, string>;
    findings: Finding[];
    /** The architecture of its programs: "x86-64". Undefined if it isn't known. */
    architecture?: string;
}

/** Inspects the contents of an image. The result is in the store if this machine inspected them before. */
export function inspect(
    content: Packable | Ready,
    identity: Identity,
    store: Store,
    signal?: AbortSignal,
): Promise<Inspection> {
    const versions = [VALIDATION_VERSION, CONTENTS_VERSION, SKELETON_VERSION];
    const digest = content.kind === "ready" ? content.sha256 : content.tree.digest();
    const { name, version, extends: extended = null, instanceOf = null } = identity;
    const key = sha256(JSON.stringify([content.kind, digest, name, version, extended, instanceOf, ...versions]));
    return store.remember("inspections", key, () =>
        content.kind === "ready" ? inspectReady(content, identity, signal) : inspectTree(content, identity),
    );
}

async function inspectTree({ tree, isWhole }: Packable, identity: Identity): Promise<Inspection> {
    const { extends: extended } = identity;
    const unitTexts = await treeUnits(tree, extended ?? identity.name);
    const contents = await contentsOf(tree, shownElsewhere(tree, identity, unitTexts));
    if (extended !== undefined) {
        const unread = unreadUnits(tree, extended).map(({ name, ...unit }) => ({ file: name, ...unit }));
        const problems = [...unread, ...extensionProblems(tree)];
        const findings = problems.map((problem): Finding => ({ severity: "failure", ...problem }));
        return { unitTexts, contents, findings: [...nameFindings(tree, unitTexts), ...findings] };
    }
    const whole = tree.copy();
    if (isWhole !== true) addSkeleton(whole, identity, unitTexts);
    const names = nameFindings(whole, unitTexts);
    if (names.length > 0) return { unitTexts, contents, findings: names };
    return { unitTexts, contents, ...(await validateImage(identity.name, whole, unitTexts, identity.instanceOf)) };
}

async function inspectReady({ file }: Ready, identity: Identity, signal: AbortSignal | undefined): Promise<Inspection> {
    const outcome = await withReadyTree(
        file,
        async (tree) => {
            const unitTexts = await treeUnits(tree, identity.name);
            const contents = await contentsOf(tree, shownElsewhere(tree, identity, unitTexts));
            return { unitTexts, contents, ...(await validateImage(identity.name, tree, unitTexts)) };
        },
        signal,
    );
    if ("found" in outcome) return outcome.found;
    const { isBroken, what, todo } = outcome.unread;
    return { unitTexts: {}, contents: {}, findings: [{ severity: isBroken ? "failure" : "warning", what, todo }] };
}

/**
 * Paths that are left out of the contents: units, whose texts are shown, and the files that every image has, which would
 * otherwise only be shown for ready images.
 */
function shownElsewhere(tree: Tree, identity: Identity, unitTexts: Readonly<Record<string, string>>): Set<string> {
    const directories = unitDirectories(tree);
    const units = Object.keys(unitTexts).flatMap((name) => directories.map((directory) => `${directory}/${name}`));
    return new Set([...units, ...skeletonPaths(tree, identity, unitTexts)]);
}
