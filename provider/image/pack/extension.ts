import { listed } from "../../format";
import { isIn } from "../tree/paths";
import { type Tree, textEntry } from "../tree/tree";

/** Directory of the extension-release file, which describes what an extension extends (systemd-sysext(8)). */
export const EXTENSION_RELEASE = "/usr/lib/extension-release.d";
/** The directories of an extension that are merged with the image. */
const HIERARCHIES = ["/usr", "/opt"];

/** Makes a tree an extension for any system: `portablectl attach` names the image that it extends. */
export function addExtensionRelease(tree: Tree, name: string): void {
    const file = `${EXTENSION_RELEASE}/extension-release.${name}`;
    if (tree.lookup(file)?.entry === undefined) tree.add(file, textEntry("ID=_any\n"));
}

/** Reasons why a tree can't be an extension, with what to do; without full stops. */
export function extensionProblems(tree: Tree): { what: string; todo: string }[] {
    const outside = tree
        .sorted()
        .filter(
            ([path, entry]) => entry.kind !== "directory" && !HIERARCHIES.some((hierarchy) => isIn(path, hierarchy)),
        )
        .map(([path]) => path);
    const problems: { what: string; todo: string }[] = [];
    if (outside.length > 0) {
        problems.push({
            what: `an extension adds to /usr and /opt only, and this one has ${listed(outside, 3)}`,
            todo: "Move them there, or give them to the image itself",
        });
    }
    if (tree.lookup("/usr/lib/os-release")?.entry !== undefined) {
        problems.push({
            what: "/usr/lib/os-release of an extension would take the place of the image's own",
            todo: "Remove it",
        });
    }
    return problems;
}
