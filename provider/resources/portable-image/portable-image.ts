import type { DerivedValues, HostContext, Resource } from "../../contract";
import { problemText, UserError } from "../../errors";
import { hostFacts } from "../../host/facts";
import { readImage, releaseImage } from "../../host/image";
import { canonicalConnection } from "../../host/merge-connection";
import type { Owner } from "../../host/owner";
import { perform } from "../../host/perform";
import { resolveSource } from "../../image/image";
import { isRecord, isWithin, pathText, present, UNKNOWN, Unknown } from "../../schema/values";
import { imageName, imagePath } from "../../systemd/paths";
import { indexOf } from "../../transfer/index-of";
import { fileTexts, showFinalNewlines } from "../content/final-newlines";
import { secretIf } from "../content/secrets";
import { hostOf, removeFromHost } from "../object-host";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import { type Built, build, buildOrKeep, defaultName, nameOnHost, naming, warnOf } from "./build";
import { type Placed, place } from "./place";
import { previewedImage, warnOfClosing } from "./preview";
import { type Inputs, inputs, type Outputs, outputs } from "./schema";

export const portableImage: Resource<typeof inputs, typeof outputs> = {
    name: "PortableImage",
    description:
        "An image of a portable service on a host. The resource is a pointer: new content is uploaded beside the old file, and a file is removed only when no stack wants it and nothing is attached to it.",
    inputs,
    outputs,
    derived: {
        sourceDigest: {
            description: "Digest of everything that the image is made of.",
            from: ["source"],
            impliedBy: ["source", "unitTexts", "contents"],
            decides: ["source"],
        },
        unitTexts: {
            description: "Text of each unit in the image.",
            from: ["source"],
            partsFrom: (input) => (isWithin(input, ["source", "files", "units"]) ? [[]] : []),
        },
        contents: {
            description:
                "What is in the image besides its units, as short lines by path or package: the preview shows what is added, removed and changed, with sizes.",
            from: ["source"],
            partsFrom: (input) =>
                isWithin(input, ["source", "files", "tree"]) && input.length > 3 ? [[input[3] as string]] : [],
        },
    },

    async check(context, { inputs: declared, isSecret }) {
        const resolved = await resolveSource(declared.source, naming(context, declared));
        for (const { path, ...problem } of resolved.warnings)
            context.warn(`${pathText(path)}: ${problemText(problem)}`);
        return {
            derived: {
                sourceDigest: resolved.sourceDigest,
                ...(resolved.unitTexts === undefined
                    ? {}
                    : { unitTexts: secretIf(isSecret(["source"]), resolved.unitTexts) }),
                ...(resolved.contents === undefined
                    ? {}
                    : { contents: secretIf(isSecret(["source"]), resolved.contents) }),
            },
            failures: resolved.failures,
        };
    },

    canonical(urn, { name, instance, format, connection, ...others }) {
        const isNameKnown = !(name instanceof Unknown) && !(instance instanceof Unknown);
        return {
            ...others,
            // The `name` of an import is the name on the host, including an instance.
            name: isNameKnown ? nameOnHost({ urn }, { name, instance }) : UNKNOWN,
            format: format ?? "squashfs",
            connection: canonicalConnection(connection),
        };
    },

    async preview(context, { inputs: declared, derived, olds }) {
        warnOfClosing(context, olds?.inputs.unitTexts, derived.unitTexts);
        if (olds !== undefined)
            showFinalNewlines(
                context,
                imageTexts(olds.inputs.source, olds.outputs.unitTexts),
                imageTexts(declared.source, derived.unitTexts),
            );
        return {
            machineId: olds?.outputs.machineId ?? UNKNOWN,
            record: olds?.outputs.record ?? UNKNOWN,
            ...(await previewedImage(context, declared, derived, olds)),
        };
    },

    async create(context, { inputs: declared, derived }) {
        const built = await build(context, declared, present(derived.sourceDigest, "sourceDigest"));
        warnOf(context, built, undefined);
        return deploy(context, declared, derived, built, { owner: newOwner(context, built.name), adopted: "" });
    },

    async update(context, { inputs: declared, derived, olds }) {
        const built = await buildOrKeep(context, declared, present(derived.sourceDigest, "sourceDigest"), olds);
        warnOf(context, built, olds);
        const owner = ownerOf(context, olds.outputs.record, built.name);
        return deploy(context, declared, derived, built, { owner, adopted: olds.outputs.path ?? "" });
    },

    async read(context, { id, inputs: old, outputs: oldOutputs }) {
        const isImport = Object.keys(oldOutputs).length === 0;
        const path = isImport ? importedPath(id) : (oldOutputs.path ?? "");
        const name = isImport ? imageName(path) : nameOnHost(context, old);
        const { host, isAnotherMachine } = await hostOf(
            context,
            { inputs: old, outputs: oldOutputs },
            `the image ${path}`,
        );
        const owner = ownerOf(context, oldOutputs.record, name);
        const found = await perform(context, host, () => readImage({ path }, owner));
        const { machineId } = hostFacts(found);
        if (isAnotherMachine(machineId)) return undefined;
        const [digest, sizeBytes] = found.one("present")?.split(" ") ?? [];
        // While the record has the resource's claim, a file that was removed by hand is drift, which `up` repairs.
        if (digest === undefined && (isImport || !found.has("wanted"))) return undefined;
        if (isImport)
            return {
                id: objectId(name, machineId),
                // The source digest of a ready image is its own digest, so declaring the imported image is no change.
                inputs: {
                    ...(name === defaultName(context) ? {} : { name }),
                    version: imageVersion(path),
                    sourceDigest: digest,
                    unitTexts: {},
                },
                outputs: {
                    path,
                    digest,
                    sizeBytes: Number(sizeBytes),
                    sourceDigest: digest,
                    unitTexts: {},
                    contents: {},
                    retained: [path],
                    machineId,
                    record: recordText(owner),
                    connection: host.connection,
                },
            };
        if (digest !== oldOutputs.digest) {
            context.warn(
                digest === undefined
                    ? `${path} is gone from ${host.name}: \`pulumi up\` uploads it again.`
                    : `${path} on ${host.name} isn't what was uploaded any more: its SHA-256 is ${digest}.`,
            );
            // With this digest the diff shows that the deployed image isn't the one of the source.
            const sourceDigest = digest === undefined ? "gone" : `damaged: ${digest}`;
            const there = { digest: digest ?? "", sizeBytes: Number(sizeBytes ?? 0), sourceDigest };
            return {
                id,
                inputs: { ...old, sourceDigest },
                outputs: { ...oldOutputs, ...there, connection: host.connection },
            };
        }
        return {
            id: objectId(name, machineId),
            inputs: old,
            outputs: { ...oldOutputs, digest, sizeBytes: Number(sizeBytes), machineId, connection: host.connection },
        };
    },

    async delete(context, { inputs: old, outputs: oldOutputs }) {
        const { path = "", machineId = "" } = oldOutputs;
        await removeFromHost(
            context,
            { inputs: old, outputs: oldOutputs },
            `the image ${path}`,
            async ({ host, isAnotherMachine }) => {
                const owner = ownerOf(context, oldOutputs.record, nameOnHost(context, old));
                const report = await perform(context, host, () => releaseImage(owner, machineId, path));
                if (report.has("kept"))
                    context.warn(
                        `Still in use on ${host.name}, so the file stays until what is attached to it is gone: ${report.all("kept").join(", ")}.`,
                    );
                if (isAnotherMachine(hostFacts(report).machineId) || report.has("done")) return;
                throw new UserError({ host: host.name, what: `${path} couldn't be released`, reported: report.stderr });
            },
        );
    },
};

/** Texts in an image that a preview shows: those of units, and `content` of files. */
function imageTexts(source: unknown, unitTexts: unknown): Readonly<Record<string, unknown>> {
    const files = isRecord(source) && isRecord(source.files) ? source.files : {};
    return { ...fileTexts(files.tree, {}), ...(isRecord(unitTexts) ? unitTexts : {}) };
}

async function deploy(
    context: HostContext,
    declared: Inputs,
    derived: DerivedValues<typeof outputs>,
    built: Built,
    { owner, adopted }: { owner: Owner; adopted: string },
): Promise<{ id: string; outputs: Outputs }> {
    // The chunk index is made while the provider connects to the host.
    const index = built.file === undefined ? Promise.resolve("") : indexOf({ digest: built.digest, file: built.file });
    const host = await context.connect(declared.connection);
    const { retain } = declared;
    return place(context, host, { built, owner, retain, adopted, index, outputsOf: outputsOf(built, derived) });
}

function outputsOf(built: Built, derived: DerivedValues<typeof outputs>): (placed: Placed) => Outputs {
    const { path, digest, sizeBytes, unitTexts } = built;
    const { sourceDigest = "", contents = built.contents } = derived;
    return (placed) => ({ path, digest, sizeBytes, sourceDigest, unitTexts, contents, ...placed });
}

function importedPath(id: string): string {
    if (id.endsWith(".raw")) return id.startsWith("/") ? id : imagePath(id);
    throw new UserError({
        what: `${id} isn't the id of an image`,
        todo: "Give its path on the host: /var/lib/portables/hello_1.0.raw",
    });
}

/** `1.0` of `/var/lib/portables/hello_1.0-0123456789ab.raw` */
function imageVersion(path: string): string {
    const [, version = ""] = /_(.*?)(?:-[0-9a-f]{12})?\.raw$/.exec(path) ?? [];
    return version;
}
