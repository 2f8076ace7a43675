import * as z from "zod";
import type { Context, Resource } from "../../contract";
import { UserError } from "../../errors";
import { type Connection, connection } from "../../host/connection";
import { hostFacts } from "../../host/facts";
import { readImage, releaseImage } from "../../host/image";
import { perform } from "../../host/perform";
import { previewImage, resolveSource } from "../../image/image";
import { type Source, source } from "../../image/sources/source";
import { asText, isRecord, pathText, UNKNOWN } from "../../schema/values";
import { whyClosing } from "../../systemd/closing-sockets";
import { imageName, imagePath } from "../../systemd/paths";
import { indexOf } from "../../transfer/index-of";
import { secretIf } from "../drop-in/content";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import { asBuilt, type Built, build, buildArgs, defaultName, kept, nameOnHost, naming, warnOf } from "./build";
import { type Placed, place } from "./place";

const inputs = z.strictObject({
    name: z.string().optional().meta({
        description:
            "Name of the image, the prefix of every unit in it; with `instance`, of the program. Default: the name of the resource.",
        replaces: true,
    }),
    instance: z.string().optional().meta({
        description:
            "Makes it one of several of its program on a host, as `staging` beside production: the image `hello` is then `hello-staging` on the host, and so are its units (`hello-web.socket` is `hello-staging-web.socket`), what names them in units, StateDirectory= and its like, and User=. What they listen on stays: give the socket a drop-in. Not for ready images (`raw` and `nix`).",
        replaces: true,
    }),
    version: z
        .string()
        .describe("Version of what is in the image: part of its file name, so that `portablectl list` tells it."),
    source,
    format: z
        .enum(["squashfs", "erofs"])
        .optional()
        .describe(
            "File system of the image. squashfs is packed by zstd, and every kernel that runs portable services has it; erofs, packed by lz4, is about half as large again, and needs Linux 5.13. A ready image stays in the format it has. Default: squashfs.",
        ),
    extends: z
        .string()
        .optional()
        .describe(
            "Makes it a system extension: name of the image that it extends, and prefix of the units in it, if any. It adds to /usr and /opt of that image where both are attached together (`portablectl attach --extension`).",
        ),
    retain: z
        .number()
        .int()
        .min(1)
        .default(2)
        .describe(
            "How many images stay on the host, this one among them: going back to one of them needs no upload. One that is attached stays anyway.",
        ),
    connection: connection.optional(),
});
type Inputs = z.output<typeof inputs>;

const outputs = z.strictObject({
    path: z.string().describe("Path of the image on the host: what an AttachedService takes as `image`."),
    digest: z.string().describe("SHA-256 of the image file."),
    sizeBytes: z.number().int().describe("Size of the image file in bytes."),
    sourceDigest: z.string().describe("Digest of all that the image is made of: the same on every machine."),
    unitTexts: z
        .record(z.string(), z.string())
        .describe("Text of each unit in the image, where it is known before the build."),
    contents: z
        .record(z.string(), z.string())
        .describe(
            "What is in the image, as short lines by path or package: sizes, versions, and what changes with the bytes. A directory of many files is one line.",
        ),
    retained: z.array(z.string()).describe("Paths of the images that stay on the host, the newest first."),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("The resource's record on the host: that it wants this image to stay."),
    connection: connection.describe("The login that worked last."),
});
type Outputs = z.output<typeof outputs>;

export const portableImage: Resource<typeof inputs, typeof outputs> = {
    name: "PortableImage",
    description:
        "An image of a portable service on a host. The resource is a pointer: new content is uploaded beside the old file, and a file goes only when no stack wants it and nothing is attached to it.",
    inputs,
    outputs,
    derived: {
        sourceDigest: {
            description: "Digest of all that the image is made of.",
            from: ["source"],
            impliedBy: ["source", "unitTexts", "contents"],
            decides: true,
        },
        unitTexts: { description: "Text of each unit in the image.", from: ["source"] },
        contents: {
            description:
                "What is in the image besides its units, as short lines by path or package: the preview shows what comes, goes and changes, with sizes.",
            from: ["source"],
        },
    },

    async check(context, { inputs: given, isSecret }) {
        const resolved = await resolveSource(given.source, naming(context, given));
        for (const { path, what } of resolved.warnings) context.warn(`${pathText(path)}: ${what}`);
        return {
            derived: {
                sourceDigest: resolved.sourceDigest,
                unitTexts: secretIf(isSecret(["source"]), resolved.unitTexts),
                ...(resolved.contents === undefined
                    ? {}
                    : { contents: secretIf(isSecret(["source"]), resolved.contents) }),
            },
            failures: resolved.failures,
        };
    },

    diff({ urn, oldInputs, inputs: given }) {
        // An import has the name of the host, whole.
        const isKnown = [given.name, given.instance].every((each) => each === undefined || typeof each === "string");
        const isSame = isKnown && nameOnHost({ urn }, oldInputs) === nameOnHost({ urn }, given);
        return { kept: isSame ? ["name", "instance"] : [] };
    },

    async preview(context, { inputs: given, derived, olds }) {
        warnOfClosing(context, olds?.inputs.unitTexts, derived.unitTexts);
        const known = { machineId: olds?.outputs.machineId ?? UNKNOWN, record: olds?.outputs.record ?? UNKNOWN };
        const { sourceDigest, unitTexts, contents = UNKNOWN } = derived;
        const unknown = { path: UNKNOWN, digest: UNKNOWN, sizeBytes: UNKNOWN };
        const isSame =
            olds !== undefined &&
            olds.outputs.sourceDigest === sourceDigest &&
            (["version", "format", "extends"] as const).every((each) => olds.inputs[each] === given[each]);
        if (isSame) {
            const { path, digest, sizeBytes } = olds.outputs;
            const same = { sourceDigest, unitTexts, contents: olds.outputs.contents ?? contents };
            return { ...known, path, digest, sizeBytes, ...same };
        }
        const { source: from, name, instance, version, format, extends: extended } = given;
        if ([sourceDigest, name, instance, version, format, extended].includes(UNKNOWN))
            return { ...known, ...unknown, sourceDigest, unitTexts, contents };
        const args = buildArgs(context, given as Inputs, asText(sourceDigest));
        const made = await previewImage(from as Source, args);
        if (made === undefined) return { ...known, ...unknown, sourceDigest, unitTexts, contents };
        if ("unpacked" in made) {
            context.warn(
                `${made.unpacked} This preview goes without the path and digest of the image; \`pulumi up\` needs it.`,
            );
            for (const warning of made.warnings) context.warn(warning);
            return { ...known, ...unknown, sourceDigest, unitTexts, contents: made.contents };
        }
        const built = kept(asBuilt(made, args), args.version, olds);
        warnOf(context, built, olds);
        if (olds !== undefined && olds.inputs.source === undefined && built.digest !== olds.outputs.digest)
            context.warn(
                `The image that was imported, ${asText(olds.outputs.path)}, has the SHA-256 ${asText(olds.outputs.digest)}; the one that is declared has ${built.digest}, and comes to stand beside it.`,
            );
        return {
            ...known,
            path: built.path,
            digest: built.digest,
            sizeBytes: built.sizeBytes,
            sourceDigest,
            unitTexts,
            contents: built.contents,
        };
    },

    async create(context, { inputs: given, derived }) {
        const built = await build(context, given, asText(derived.sourceDigest));
        warnOf(context, built);
        const index = indexOf(built);
        const host = await context.connect(given.connection);
        const how = { retain: given.retain, adopted: "", index, outputsOf: outputsOf(built, derived) };
        return place(context, host, built, how, newOwner(context, built.name));
    },

    async update(context, { inputs: given, derived, olds }) {
        const built = kept(await build(context, given, asText(derived.sourceDigest)), given.version, olds);
        warnOf(context, built, olds);
        const index = indexOf(built);
        const host = await context.connect(given.connection);
        const adopted = asText(olds.outputs.path);
        const how = { retain: given.retain, adopted, index, outputsOf: outputsOf(built, derived) };
        return place(context, host, built, how, ownerOf(context, olds.outputs.record, built.name));
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const host = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const isImport = Object.keys(known).length === 0;
        const path = isImport ? importedPath(id) : asText(known.path);
        const fileName = path.split("/").pop() ?? "";
        const name = isImport ? imageName(path) : nameOnHost(context, old);
        const owner = ownerOf(context, known.record, name);
        const found = await perform(context, host, () => readImage({ path, fileName }, owner));
        const { machineId } = hostFacts(found);
        if (known.machineId !== undefined && machineId !== known.machineId) {
            context.warn(`${host.name} is another machine now: the image was on ${asText(known.machineId)}.`);
            return undefined;
        }
        const [digest, sizeBytes] = found.one("present")?.split(" ") ?? [];
        // While the record wants it, a file that was taken away is something to repair.
        if (digest === undefined && (isImport || !found.has("wanted"))) return undefined;
        if (isImport)
            return {
                id: objectId(name, machineId),
                // A ready image's source digest is its own: so one that is declared as it is, is no change.
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
        if (digest !== known.digest) {
            context.warn(
                digest === undefined
                    ? `${path} is gone from ${host.name}: \`pulumi up\` uploads it again.`
                    : `${path} on ${host.name} isn't what was uploaded any more: its SHA-256 is ${digest}.`,
            );
            // What was made of the source isn't there: that is what differs.
            const sourceDigest = digest === undefined ? "gone" : `damaged: ${digest}`;
            const there = { digest: digest ?? "", sizeBytes: Number(sizeBytes ?? 0), sourceDigest };
            return {
                id,
                inputs: { ...old, sourceDigest },
                outputs: { ...known, ...there, connection: host.connection },
            };
        }
        return {
            id: objectId(name, machineId),
            inputs: old,
            outputs: { ...known, digest, sizeBytes: Number(sizeBytes), machineId, connection: host.connection },
        };
    },

    async delete(context, { inputs: old, outputs: known }) {
        const host = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const owner = ownerOf(context, known.record, nameOnHost(context, old));
        const said = await perform(context, host, () =>
            releaseImage(owner, asText(known.machineId), asText(known.path)),
        );
        if (said.has("kept"))
            context.warn(
                `Still in use on ${host.name}, so the file stays until what is attached to it is gone: ${said.all("kept").join(", ")}.`,
            );
        if (hostFacts(said).machineId !== known.machineId)
            context.warn(`${host.name} is another machine now: no image of this resource is there.`);
        else if (!said.has("done"))
            throw new UserError({
                host: host.name,
                what: `${asText(known.path)} couldn't be released`,
                said: said.stderr,
            });
    },
};

function outputsOf(built: Built, derived: Record<string, unknown>): (placed: Placed) => Outputs {
    const { path, digest, sizeBytes, unitTexts } = built;
    const contents = (derived.contents as Record<string, string> | undefined) ?? built.contents;
    const sourceDigest = asText(derived.sourceDigest);
    return (placed) => ({ path, digest, sizeBytes, sourceDigest, unitTexts, contents, ...placed });
}

/** A socket whose own section changes has to close; all others stay open through the update. */
function warnOfClosing(context: Context, old: unknown, now: unknown): void {
    if (!isRecord(old) || !isRecord(now)) return;
    for (const [unit, text] of Object.entries(now)) {
        const before = old[unit];
        if (!unit.endsWith(".socket") || typeof before !== "string" || typeof text !== "string") continue;
        const why = whyClosing(before, text);
        if (why !== undefined)
            context.warn(
                `${unit} closes in this update, since ${why}. Connections are refused until it is open again.`,
            );
    }
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
