import { readFileSync } from "node:fs";
import type { Runtime } from "../../../../provider/image/sources/files/runtime";
import { nodeRuntime } from "../../../../provider/image/sources/files/runtime-node";
import { Problems } from "../../../../provider/image/sources/problems";
import { Tree } from "../../../../provider/image/tree/tree";
import { sharedStore } from "../../store/shared-store";
import type { LayerEntry } from "../oci/oci-layout";

/** Entries of a container layer with Node.js and its libraries. */
export async function nodeFiles(): Promise<Record<string, LayerEntry>> {
    const problems = new Problems();
    const args = { path: [], name: "web", version: "1", programDirectory: __dirname, problems };
    const runtime = nodeRuntime({ version: "24.11.0" }, args) as Runtime;
    const tree = new Tree();
    await runtime.addKnown(tree);
    await runtime.build(tree, { onProgress: () => {}, storeDirectory: sharedStore });
    const entries: Record<string, LayerEntry> = {};
    for (const [path, entry] of tree.sorted()) {
        const name = path.slice(1);
        if (name === "" || path.startsWith("/usr/share/zoneinfo")) continue;
        if (entry.kind === "directory") entries[`${name}/`] = {};
        else if (entry.kind === "symlink") entries[name] = { type: "symlink", linkname: entry.target };
        else if ("localPath" in entry.content)
            entries[name] = { mode: entry.mode, content: readFileSync(entry.content.localPath) };
    }
    return entries;
}
