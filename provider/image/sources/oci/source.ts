import { sha256 } from "../../../digest";
import { listed } from "../../../format";
import { type Previewed, UNKNOWN, Unknown } from "../../../schema/values";
import { userStore } from "../../store/user-store";
import type { Tree } from "../../tree/tree";
import { removeUnits, treeUnits, unreadUnits } from "../../tree/units";
import { addUnits, type GivenUnits, loadUnits, replaceUnits } from "../files/units";
import type { LoadArgs, LoadedSource } from "../loaded";
import { Problems } from "../problems";
import { archiveBlobs, type Blobs, directoryBlobs } from "./blobs";
import type { Choice } from "./choose";
import { fetchImage, referenceProblem } from "./fetch";
import { flatten } from "./flatten";
import { findImage, type OciImage } from "./image";
import { layerChanges } from "./layer";
import type { OciSource } from "./schema";
import { namesProgram, OCI_UNIT_VERSION, unitOf, workingDirectoryOf } from "./unit";

/** Maximum number of paths that a warning lists. */
const MAX_NAMED = 5;

/**
 * The source `oci`: the merged layers of a container image, with a unit made from its ENTRYPOINT, CMD, ENV, WORKDIR and so on,
 * unless units are declared. A preview reads local images. An image in a registry is only fetched in `up`, so it must be pinned by
 * its digest.
 */
export async function loadOci(source: Previewed<OciSource>, args: LoadArgs): Promise<LoadedSource> {
    const { path, problems, programDirectory, name } = args;
    if (source instanceof Unknown) return { sourceDigest: UNKNOWN, unitTexts: UNKNOWN };
    const units = await loadUnits(source, path, programDirectory, problems);
    const { archive, layout, reference, tag, architecture } = source;
    const inputs = Object.entries({ archive, layout, reference }).filter(([, value]) => value !== undefined);
    const [[kind, written] = []] = inputs;
    if (kind === undefined || inputs.length !== 1) {
        problems.add(path, { what: "A container image is exactly one of `archive`, `layout` and `reference`" });
        return { sourceDigest: UNKNOWN };
    }
    if (
        written === undefined ||
        written instanceof Unknown ||
        tag instanceof Unknown ||
        architecture instanceof Unknown ||
        typeof name !== "string" ||
        !units.complete
    )
        return { sourceDigest: UNKNOWN, unitTexts: UNKNOWN };

    const choice = { tag, architecture };
    if (kind === "reference") return loadReference(written, { ...args, name }, choice, units);
    const storeDirectory = userStore().directory;
    const loaded = await problems.reading([...path, kind], async () => {
        const blobs =
            kind === "archive"
                ? await archiveBlobs(written, programDirectory, storeDirectory, args.signal)
                : await directoryBlobs(written, programDirectory);
        const image = await findImage(blobs, choice);
        return makeTree(image, blobs, storeDirectory, args.signal).then((tree) => ({ image, tree }));
    });
    if (loaded === undefined) return { sourceDigest: UNKNOWN };
    const { image, tree } = loaded;
    const unitTexts = await addServices(image, name, units, tree, args);
    if (Object.values(unitTexts).some((text) => text instanceof Unknown)) return { sourceDigest: UNKNOWN, unitTexts };
    return { sourceDigest: sha256(`oci ${tree.digest()}`), unitTexts, content: { kind: "tree", tree } };
}

function loadReference(
    reference: string,
    args: LoadArgs & { name: string },
    choice: Choice,
    units: GivenUnits,
): LoadedSource {
    const { path, name, problems } = args;
    problems.add([...path, "reference"], referenceProblem(reference));
    const unitTexts = units.list.map(({ name: unit, text }) => [unit, text] as const);
    if (unitTexts.some(([, text]) => text instanceof Unknown))
        return { sourceDigest: UNKNOWN, unitTexts: Object.fromEntries(unitTexts) };
    const digest = reference.slice(reference.lastIndexOf("@") + 1);
    return {
        sourceDigest: sha256(
            JSON.stringify(["oci", digest, choice.architecture ?? "amd64", name, OCI_UNIT_VERSION, unitTexts]),
        ),
        unitTexts: unitTexts.length === 0 ? undefined : Object.fromEntries(unitTexts),
        content: {
            kind: "later",
            async make({ storeDirectory, onProgress, signal }) {
                const late = new Problems();
                const made = await late.reading([...path, "reference"], async () => {
                    const { image, blobs } = await fetchImage(reference, choice, {
                        storeDirectory,
                        onProgress,
                        signal,
                    });
                    const tree = await makeTree(image, blobs, storeDirectory, signal);
                    await addServices(image, name, units, tree, { ...args, problems: late });
                    return tree;
                });
                late.throw();
                if (made === undefined) throw new Error(`${reference} gave neither an image nor a reason`);
                return { kind: "tree", tree: made };
            },
        },
    };
}

async function makeTree(
    image: OciImage,
    blobs: Blobs,
    storeDirectory: string,
    signal: AbortSignal | undefined,
): Promise<Tree> {
    const layers = [];
    // Layers are read one after the other, as they are large and on the same disk.
    for (const layer of image.layers) layers.push(await layerChanges(layer, blobs.name, storeDirectory, signal));
    return flatten(layers, workingDirectoryOf(image.run));
}

/**
 * Adds the declared units to the tree, replacing units of the same names; without any, replaces all units by one made from the
 * configuration; an image without a program to run keeps its units. Returns the texts of the units.
 */
async function addServices(
    image: OciImage,
    name: string,
    units: GivenUnits,
    tree: Tree,
    { path, problems }: Pick<LoadArgs, "path" | "problems">,
): Promise<Record<string, string | Unknown>> {
    const own = await treeUnits(tree, name);
    if (units.list.length > 0) return { ...own, ...replaceUnits(units.list, name, tree, problems) };
    const hasOwn = Object.keys(own).length > 0 || unreadUnits(tree, name).length > 0;
    if (!namesProgram(image.run) && hasOwn) return own;
    const unit = unitOf(image.run, name, tree);
    if (unit === undefined) {
        problems.add(path, {
            what: `The container image has neither ENTRYPOINT nor CMD, nor a unit of '${name}', so what to run isn't known`,
            todo: "Give `units`",
        });
        return {};
    }
    for (const warning of unit.warnings) problems.warn(path, warning);
    // Another unit, of a Debian package, would start the program a second time.
    const removed = removeUnits(tree, name);
    if (removed.length > 0)
        problems.warn(path, {
            what: `The container image has units of its own, which are left out: ${listed(removed, MAX_NAMED)}. The one made from its ENTRYPOINT, CMD and so on takes their place`,
            todo: "To use one of them, give its text in `units`",
        });
    return addUnits([{ name: `${name}.service`, text: unit.text, path }], name, tree, problems);
}
