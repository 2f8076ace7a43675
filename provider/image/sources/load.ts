import type { Failure } from "../../errors";
import { type Previewed, UNKNOWN, Unknown } from "../../schema/values";
import { fileNameProblem, instanceProblem, nameProblem, versionProblem } from "../../systemd/portable-names";
import { asInstance, instanceName } from "./instance";
import type { LoadArgs, LoadedSource } from "./loaded";
import { Problems } from "./problems";
import type { Source } from "./source";

type Loader<S> = (source: Previewed<NonNullable<S>>, args: LoadArgs) => Promise<LoadedSource>;

/** Each kind of source is one file and one line here. The file is only imported for an image with such a source. */
const LOADERS: { [K in keyof Required<Source>]: () => Promise<Loader<Source[K]>> } = {
    files: async () => (await import("./files/source")).loadFilesSource,
    directory: async () => (await import("./directory")).loadDirectory,
    nix: async () => (await import("./nix/source")).loadNix,
    closure: async () => (await import("./nix/closure")).loadClosure,
    oci: async () => (await import("./oci/source")).loadOci,
    raw: async () => (await import("./raw")).loadRaw,
};

/** Sources of ready images. They aren't packed here, so their units can't be renamed. */
const READY = ["nix", "raw"];

export interface Loaded extends LoadedSource {
    /** Failures of `name`, `version` and `source`. */
    failures: Failure[];
    warnings: Failure[];
}

/** Reads a source as far as possible without a build. The result has no content if there are failures. */
export async function loadSource(
    source: Previewed<Source>,
    args: Omit<LoadArgs, "path" | "problems">,
): Promise<Loaded> {
    const { name, version } = args;
    const problems = new Problems();
    const { failures, warnings } = problems;
    if (typeof name === "string") problems.add(["name"], nameProblem(name));
    if (typeof version === "string") problems.add(["version"], versionProblem(version));
    const { instance } = args;
    if (typeof instance === "string") problems.add(["instance"], instanceProblem(instance));
    if (typeof name === "string" && typeof version === "string" && !(instance instanceof Unknown))
        problems.add(["name"], fileNameProblem(instanceName(name, instance), version));

    const unknown = { sourceDigest: UNKNOWN, failures, warnings };
    if (source instanceof Unknown) return { ...unknown, unitTexts: UNKNOWN };
    const properties = Object.entries(source).filter(([, value]) => value !== undefined);
    const [[kind, value] = []] = properties as [keyof Source, unknown][];
    if (kind === undefined || properties.length !== 1) {
        problems.add(["source"], { what: `An image has exactly one source: ${alternatives(Object.keys(LOADERS))}` });
        return { ...unknown, unitTexts: UNKNOWN };
    }
    const load = (await LOADERS[kind]()) as (value: unknown, args: LoadArgs) => Promise<LoadedSource>;
    if (args.extends !== undefined) {
        if (typeof args.extends === "string") problems.add(["extends"], nameProblem(args.extends));
        if (kind !== "files")
            problems.add(["extends"], { what: "An extension is made from `files`", todo: "Set `extends` only there" });
    }
    if (instance !== undefined && READY.includes(kind))
        problems.add(["instance"], {
            what: "A ready image has the units it was built with, so it can't become an instance",
            todo: `Build it under the other name, and leave \`instance\` out; or use ${alternatives(Object.keys(LOADERS).filter((kind) => !READY.includes(kind)))}`,
        });
    const prefix = args.extends ?? name;
    const loaded = await load(value, { ...args, name: prefix, path: ["source", kind], problems });
    if (failures.length > 0) return { ...unknown, unitTexts: loaded.unitTexts };
    if (instance === undefined) return { ...loaded, failures, warnings };
    const renamed = await asInstance(loaded, prefix, instance, problems);
    if (failures.length > 0) return { ...unknown, unitTexts: renamed.unitTexts };
    return { ...renamed, failures, warnings };
}

function alternatives(kinds: readonly string[]): string {
    const names = kinds.map((kind) => `\`${kind}\``);
    return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
