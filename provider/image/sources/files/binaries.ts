import { type Path, type Previewed, Unknown } from "../../../schema/values";
import { absolute } from "../../tree/local-files";
import { RootFiles } from "../../tree/root-files";
import type { Tree } from "../../tree/tree";
import type { Problems } from "../problems";
import { addCommonFiles } from "./common-files";
import { Dependencies } from "./dependencies";
import type { BinarySource } from "./schema";

/**
 * Adds `binaries` and their dependencies, except at paths that the user's tree has. Returns the paths below which the contents
 * are still unknown.
 */
export async function addBinaries(
    source: Previewed<BinarySource[]>,
    path: Path,
    programDirectory: string,
    tree: Tree,
    problems: Problems,
): Promise<string[]> {
    if (source instanceof Unknown) return ["/"];
    const roots = new Map<string, RootFiles>();
    const dependencies = new Dependencies(tree, problems);
    let unknown = false;
    for (const [index, binary] of source.entries()) {
        const property = [...path, index];
        if (binary instanceof Unknown) {
            unknown = true;
            continue;
        }
        const { path: written, root = "/" } = typeof binary === "string" ? { path: binary } : binary;
        if (written instanceof Unknown || root instanceof Unknown) {
            unknown = true;
            continue;
        }
        if (!written.startsWith("/") || written.split("/").includes("..")) {
            problems.add(property, {
                what: `'${written}' is not a path from the root of a system`,
                todo: `Write it as /usr/sbin/nginx; a program of your own goes to \`tree\`, and its path in the image here`,
            });
            continue;
        }
        const directory = absolute(root, programDirectory);
        const files = roots.get(directory) ?? new RootFiles(directory);
        roots.set(directory, files);
        await problems.reading(property, () => dependencies.bring(files, written, property));
    }
    if (roots.size > 0) await problems.reading(path, () => addCommonFiles([...roots.values()], tree, path, problems));
    return unknown ? ["/"] : [];
}
