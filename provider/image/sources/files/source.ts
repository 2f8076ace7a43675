import { sha256 } from "../../../digest";
import { type Previewed, UNKNOWN, Unknown } from "../../../schema/values";
import type { LoadArgs, LoadedSource } from "../loaded";
import type { Runtime } from "./runtime";
import { nodeRuntime } from "./runtime-node";
import { pythonRuntime } from "./runtime-python";
import type { FilesSource } from "./schema";
import { loadFiles } from "./tree";

/** The source `files`: a complete tree, or, with a `runtime`, one that `up` completes. */
export async function loadFilesSource(source: Previewed<FilesSource>, args: LoadArgs): Promise<LoadedSource> {
    const { path, problems } = args;
    const runtime = source instanceof Unknown ? "unknown" : await planRuntime(source.runtime, args);
    const prefix = typeof args.name === "string" ? args.name : undefined;
    const filledLater = runtime === "unknown" ? ["/"] : runtime?.filledLater;
    const { tree, unitTexts, complete } = await loadFiles(source, path, { ...args, prefix }, problems, {
        filledLater,
        addKnown: typeof runtime === "object" ? (tree) => runtime.addKnown(tree) : undefined,
        isExtension: args.extends !== undefined,
    });
    if (!complete || runtime === "unknown") return { sourceDigest: UNKNOWN, unitTexts };
    if (runtime === undefined) {
        return { sourceDigest: sha256(`files ${tree.digest()}`), unitTexts, content: { kind: "tree", tree } };
    }
    return {
        sourceDigest: sha256(JSON.stringify(["files", tree.digest(), runtime.key])),
        unitTexts,
        content: {
            kind: "later",
            async make(makeArgs) {
                await runtime.build(tree, makeArgs);
                return { kind: "tree", tree };
            },
        },
    };
}

async function planRuntime(
    source: Previewed<FilesSource["runtime"]>,
    args: LoadArgs,
): Promise<Runtime | "unknown" | undefined> {
    if (source === undefined) return undefined;
    if (source instanceof Unknown) return "unknown";
    const path = [...args.path, "runtime"];
    const { node, python } = source;
    if ((node === undefined) === (python === undefined)) {
        args.problems.add(path, { what: "A runtime is exactly one of `node` and `python`" });
        return "unknown";
    }
    if (node !== undefined) return nodeRuntime(node, { ...args, path: [...path, "node"] });
    return pythonRuntime(python as NonNullable<typeof python>, { ...args, path: [...path, "python"] });
}
