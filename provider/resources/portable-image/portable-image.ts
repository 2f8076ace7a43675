import * as z from "zod";
import type { Context, DerivedValues, Resource } from "../../contract";
import { UserError } from "../../errors";
import { connection } from "../../host/connection";
import { hostFacts } from "../../host/facts";
import { readImage, releaseImage } from "../../host/image";
import { perform } from "../../host/perform";
import { previewImage, resolveSource } from "../../image/image";
import { type Source, source } from "../../image/sources/source";
import { enumType } from "../../schema/marks";
import { isRecord, pathText, present, UNKNOWN, Unknown } from "../../schema/values";
import { whyClosing } from "../../systemd/closing-sockets";
import { imageName, imagePath } from "../../systemd/paths";
import { indexOf } from "../../transfer/index-of";
import { secretIf } from "../content/secrets";
import { hostOf, removeFromHost } from "../object-host";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import {
    asBuilt,
    atDeployedPath,
    type Built,
    build,
    buildArgs,
    defaultName,
    nameOnHost,
    naming,
    warnOf,
} from "./build";
import { type Placed, place } from "./place";

const imageFormat = enumType("ImageFormat", "File system of an image.", {
    squashfs: "Packed by zstd; every kernel that runs portable services has it.",
    erofs: "Packed by lz4, about half as large again; needs Linux 5.13.",
});

const inputs = z.strictObject({
    name: z.string().optional().meta({
        description:
            "Name of the image, the prefix of every unit in it; with `instance`, of the program. Default: the name of the resource.",
        replaces: true,
    }),
    instance: z.string().optional().meta({
        description:
            "Runs a second copy of the same program on one host, for example `staging` next to production. The image is renamed to `<name>-<instance>`; unit names (`hello-web.socket` becomes `hello-staging-web.socket`), references to them, state directories and `User=` are renamed to match. Listening addresses are not changed: override them with a drop-in for the socket. Not for ready images (`raw` and `nix`).",
        replaces: true,
    }),
    version: z
        .string()
        .describe("Version of what is in the image: part of its file name, so that `portablectl list` shows it."),
    source,
    format: imageFormat
        .optional()
        .describe(
            "File system of the image. squashfs is packed by zstd, and every kernel that runs portable services has it; erofs, packed by lz4, is about half as large again, and needs Linux 5.13. A ready image stays in the format it has. Default: squashfs.",
        ),
    extends: z
        .string()
        .optional()
        .describe(
            "Makes the image a system extension: the name of the image that it extends, and the prefix of the units in it, if any. The extension adds to /usr and /opt of that image when both are attached together (`portablectl attach --extension`).",
        ),
    retain: z
        .number()
        .int()
        .min(1)
        .default(2)
        .describe(
            "Number of images to keep on the host, including the current one. Rolling back to a kept image needs no upload. Attached images are always kept.",
        ),
    connection: connection.optional(),
});
type Inputs = z.output<typeof inputs>;

const outputs = z.strictObject({
    path: z.string().describe("Path of the image on the host: what an AttachedService takes as `image`."),
    digest: z.string().describe("SHA-256 of the image file."),
    sizeBytes: z.number().int().describe("Size of the image file in bytes."),
    sourceDigest: z.string().describe("Digest of everything that the image is made of: the same on every machine."),
    unitTexts: z
        .record(z.string(), z.string())
        .describe("Text of each unit in the image, where it is known before the build."),
    contents: z
        .record(z.string(), z.string())
        .describe(
            "What is in the image, as short lines by path or package: sizes, versions, and a digest where it matters. A directory of many files is one line.",
        ),
    retained: z.array(z.string()).describe("Paths of the images that stay on the host, the newest first."),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("Internal: identifies this resource's claim on the image file."),
    connection: connection.describe("The login that worked last."),
});
type Outputs = z.output<typeof outputs>;

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
            decides: true,
        },
        unitTexts: { description: "Text of each unit in the image.", from: ["source"] },
        contents: {
            description:
                "What is in the image besides its units, as short lines by path or package: the preview shows what is added, removed and changed, with sizes.",
            from: ["source"],
        },
    },

    async check(context, { inputs: declared, isSecret }) {
        const resolved = await resolveSource(declared.source, naming(context, declared));
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

    diff({ urn, oldInputs, inputs: declared }) {
        const { name, instance } = declared;
        if (name instanceof Unknown || instance instanceof Unknown) return {};
        // An import has the whole name of the host as its `name`.
        const isSame = nameOnHost({ urn }, oldInputs) === nameOnHost({ urn }, { name, instance });
        return { exemptFromReplace: isSame ? ["name", "instance"] : [] };
    },

    async preview(context, { inputs: declared, derived, olds }) {
        warnOfClosing(context, olds?.inputs.unitTexts, derived.unitTexts);
        const known = { machineId: olds?.outputs.machineId ?? UNKNOWN, record: olds?.outputs.record ?? UNKNOWN };
        const { sourceDigest, unitTexts, contents = UNKNOWN } = derived;
        const unknown = { path: UNKNOWN, digest: UNKNOWN, sizeBytes: UNKNOWN };
        const isSame =
            olds !== undefined &&
            olds.outputs.sourceDigest === sourceDigest &&
            (["version", "format", "extends"] as const).every((each) => olds.inputs[each] === declared[each]);
        if (isSame) {
            const { path, digest, sizeBytes } = olds.outputs;
            const same = { sourceDigest, unitTexts, contents: olds.outputs.contents ?? contents };
            return { ...known, path, digest, sizeBytes, ...same };
        }
        const { source: from, name, instance, version, format, extends: extended } = declared;
        if ([sourceDigest, name, instance, version, format, extended].includes(UNKNOWN))
            return { ...known, ...unknown, sourceDigest, unitTexts, contents };
        const args = buildArgs(context, declared as Inputs, sourceDigest as string);
        const made = await previewImage(from as Source, args);
        if (made === undefined) return { ...known, ...unknown, sourceDigest, unitTexts, contents };
        if ("unpacked" in made) {
            context.warn(
                `${made.unpacked} This preview goes without the path and digest of the image; \`pulumi up\` needs it.`,
            );
            for (const warning of made.warnings) context.warn(warning);
            return { ...known, ...unknown, sourceDigest, unitTexts, contents: made.contents };
        }
        const built = atDeployedPath(asBuilt(made, args), args.version, olds);
        warnOf(context, built, olds);
        if (olds !== undefined && olds.inputs.source === undefined && built.digest !== olds.outputs.digest)
            context.warn(
                `The image that was imported, ${olds.outputs.path}, has the SHA-256 ${olds.outputs.digest}; the one that is declared has ${built.digest}, and is uploaded beside it.`,
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

    async create(context, { inputs: declared, derived }) {
        const built = await build(context, declared, present(derived.sourceDigest, "sourceDigest"));
        warnOf(context, built, undefined);
        const index = indexOf(built);
        const host = await context.connect(declared.connection);
        const owner = newOwner(context, built.name);
        const { retain } = declared;
        return place(context, host, { built, owner, retain, adopted: "", index, outputsOf: outputsOf(built, derived) });
    },

    async update(context, { inputs: declared, derived, olds }) {
        const made = await build(context, declared, present(derived.sourceDigest, "sourceDigest"));
        const built = atDeployedPath(made, declared.version, olds);
        warnOf(context, built, olds);
        const index = indexOf(built);
        const host = await context.connect(declared.connection);
        const owner = ownerOf(context, olds.outputs.record, built.name);
        const { retain } = declared;
        const adopted = olds.outputs.path ?? "";
        return place(context, host, { built, owner, retain, adopted, index, outputsOf: outputsOf(built, derived) });
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const isImport = Object.keys(known).length === 0;
        const path = isImport ? importedPath(id) : (known.path ?? "");
        const name = isImport ? imageName(path) : nameOnHost(context, old);
        const { host, isAnotherMachine } = await hostOf(context, { inputs: old, outputs: known }, `the image ${path}`);
        const owner = ownerOf(context, known.record, name);
        const found = await perform(context, host, () => readImage({ path }, owner));
        const { machineId } = hostFacts(found);
        if (isAnotherMachine(machineId)) return undefined;
        const [digest, sizeBytes] = found.one("present")?.split(" ") ?? [];
        // While the record wants it, a file that was removed by hand is drift, which `up` repairs.
        if (digest === undefined && (isImport || !found.has("wanted"))) return undefined;
        if (isImport)
            return {
                id: objectId(name, machineId),
                // The source digest of a ready image is its own, so declaring the image as it is makes no change.
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
            // The diff then shows that the deployed image isn't what the source makes.
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
        const { path = "", machineId = "" } = known;
        await removeFromHost(
            context,
            { inputs: old, outputs: known },
            `the image ${path}`,
            async ({ host, isAnotherMachine }) => {
                const owner = ownerOf(context, known.record, nameOnHost(context, old));
                const said = await perform(context, host, () => releaseImage(owner, machineId, path));
                if (said.has("kept"))
                    context.warn(
                        `Still in use on ${host.name}, so the file stays until what is attached to it is gone: ${said.all("kept").join(", ")}.`,
                    );
                if (isAnotherMachine(hostFacts(said).machineId) || said.has("done")) return;
                throw new UserError({ host: host.name, what: `${path} couldn't be released`, said: said.stderr });
            },
        );
    },
};

function outputsOf(built: Built, derived: DerivedValues<typeof outputs>): (placed: Placed) => Outputs {
    const { path, digest, sizeBytes, unitTexts } = built;
    const { sourceDigest = "", contents = built.contents } = derived;
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
