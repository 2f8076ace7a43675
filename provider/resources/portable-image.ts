import * as z from "zod";
import type { Context, HostContext, Resource } from "../contract";
import { PartialFailure, UserError } from "../errors";
import { type BuildArgs, type BuiltImage, buildImage, previewImage, resolveSource } from "../image/image";
import { type Source, source } from "../image/source";
import { isRecord, type PreviewedObject, pathText, UNKNOWN } from "../schema/values";
import { whyClosing } from "../systemd/closing-sockets";
import { hostFacts, otherArchitecture, requirePortable } from "../systemd/host-facts";
import { commitImage, discardUpload, lookForImage, readImage, releaseImage } from "../systemd/image-programs";
import { imageFileName, imageName, imagePath } from "../systemd/paths";
import type { Owner } from "../systemd/prelude";
import { type Connection, connection } from "../target/connection";
import type { Target } from "../target/target";
import { secretIf } from "./drop-in-content";
import { asText, located, newOwner, objectId, ownerOf, perform, recordText } from "./operation";

const inputs = z.strictObject({
    name: z.string().optional().meta({
        description: "Name of the image, the prefix of every unit in it. Default: the name of the resource.",
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
        for (const { path, reason } of resolved.warnings) context.warn(`${pathText(path)}: ${reason}`);
        return {
            derived: {
                sourceDigest: resolved.sourceDigest,
                unitTexts: secretIf(isSecret(["source"]), resolved.unitTexts),
                ...(resolved.contents === undefined
                    ? {}
                    : { contents: secretIf(isSecret(["source"]), resolved.contents) }),
            },
            failures: resolved.failures.map(({ path, reason }) => ({ path, reason })),
        };
    },

    diff({ urn, oldInputs, inputs: given }) {
        const isSameName = (oldInputs.name ?? defaultName({ urn })) === (given.name ?? defaultName({ urn }));
        return { kept: isSameName ? ["name"] : [] };
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
        if ([sourceDigest, given.name, given.version, given.format, given.extends].includes(UNKNOWN))
            return { ...known, ...unknown, sourceDigest, unitTexts, contents };
        const args = buildArgs(context, given as Inputs, asText(sourceDigest));
        const made = await previewImage(given.source as Source, args);
        if (made === undefined) return { ...known, ...unknown, sourceDigest, unitTexts, contents };
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
        const [built, target] = await buildAndConnect(context, given, asText(derived.sourceDigest));
        warnOf(context, built);
        const how = { derived, retain: given.retain, adopted: "" };
        return place(context, target, built, how, newOwner(context, built.name));
    },

    async update(context, { inputs: given, derived, olds }) {
        const [made, target] = await buildAndConnect(context, given, asText(derived.sourceDigest));
        const built = kept(made, given.version, olds);
        warnOf(context, built, olds);
        const how = { derived, retain: given.retain, adopted: asText(olds.outputs.path) };
        return place(context, target, built, how, ownerOf(context, olds.outputs.record, built.name));
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const target = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const isImport = Object.keys(known).length === 0;
        const path = isImport ? importedPath(id) : asText(known.path);
        const fileName = path.split("/").pop() ?? "";
        const name = isImport ? imageName(path) : asText(old.name) || defaultName(context);
        const owner = ownerOf(context, known.record, name);
        const found = await perform(context, target, () => readImage({ path, fileName }, owner));
        const { machineId } = hostFacts(found);
        if (known.machineId !== undefined && machineId !== known.machineId) {
            context.warn(`${target.host} is another machine now: the image was on ${asText(known.machineId)}.`);
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
                    connection: target.connection,
                },
            };
        if (digest !== known.digest) {
            context.warn(
                digest === undefined
                    ? `${path} is gone from ${target.host}: \`pulumi up\` uploads it again.`
                    : `${path} on ${target.host} isn't what was uploaded any more: its SHA-256 is ${digest}.`,
            );
            // What was made of the source isn't there: that is what differs.
            const sourceDigest = digest === undefined ? "gone" : `damaged: ${digest}`;
            const there = { digest: digest ?? "", sizeBytes: Number(sizeBytes ?? 0), sourceDigest };
            return {
                id,
                inputs: { ...old, sourceDigest },
                outputs: { ...known, ...there, connection: target.connection },
            };
        }
        return {
            id: objectId(name, machineId),
            inputs: old,
            outputs: { ...known, digest, sizeBytes: Number(sizeBytes), machineId, connection: target.connection },
        };
    },

    async delete(context, { inputs: old, outputs: known }) {
        const target = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const owner = ownerOf(context, known.record, asText(old.name) || defaultName(context));
        const said = await perform(context, target, () =>
            releaseImage(owner, asText(known.machineId), asText(known.path)),
        );
        if (said.has("kept"))
            context.warn(
                `Still in use on ${target.host}, so the file stays until what is attached to it is gone: ${said.all("kept").join(", ")}.`,
            );
        if (hostFacts(said).machineId !== known.machineId)
            context.warn(`${target.host} is another machine now: no image of this resource is there.`);
        else if (!said.has("done"))
            throw new UserError({
                host: target.host,
                what: `${asText(known.path)} couldn't be released`,
                said: said.stderr,
            });
    },
};

/** The name of the resource. */
function defaultName({ urn }: Pick<Context, "urn">): string {
    return urn.split("::").pop() as string;
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

interface Built {
    name: string;
    /** Path on this machine. */
    file: string;
    path: string;
    fileName: string;
    digest: string;
    sizeBytes: number;
    unitTexts: Record<string, string>;
    contents: Record<string, string>;
    architecture: string | undefined;
    warnings: string[];
}

function naming(context: Context, given: PreviewedObject<Inputs>) {
    return {
        name: given.name ?? defaultName(context),
        version: given.version,
        format: given.format,
        extends: given.extends,
        programDirectory: context.programDirectory,
        signal: context.signal,
    };
}

/** At once; where both fail it is the build that tells, since a host that can't be reached may be up again then. */
async function buildAndConnect(context: HostContext, given: Inputs, sourceDigest: string): Promise<[Built, Target]> {
    const target = context.connect(given.connection);
    target.catch(() => {});
    return [await build(context, given, sourceDigest), await target];
}

async function build(context: Context, given: Inputs, sourceDigest: string): Promise<Built> {
    const args = buildArgs(context, given, sourceDigest);
    return asBuilt(await buildImage(given.source, args), args);
}

function buildArgs(context: Context, given: Inputs, sourceDigest: string): BuildArgs {
    return {
        ...(naming(context, given) as Omit<BuildArgs, "sourceDigest" | "onProgress">),
        sourceDigest,
        onProgress: (text) => context.status(text),
    };
}

function asBuilt(image: BuiltImage, { name, version }: BuildArgs): Built {
    const fileName = imageFileName(name, version, image.digest);
    return { ...image, name, fileName, path: imagePath(fileName) };
}

/** Of an image that this stack hasn't had before: what was known of it has been said. */
function warnOf(context: Context, { digest, warnings }: Built, olds?: Olds): void {
    if (olds?.outputs.digest !== digest) for (const warning of warnings) context.warn(warning);
}

interface Olds {
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/** The same bytes under the same version stay where they are, also where an import found them under another name. */
function kept(built: Built, version: string, olds: Olds | undefined): Built {
    if (olds?.outputs.digest !== built.digest || olds.inputs.version !== version) return built;
    const path = asText(olds.outputs.path);
    return { ...built, path, fileName: path.split("/").pop() as string };
}

/** Looks, uploads what isn't there, and makes it the image that this resource wants. */
async function place(
    context: HostContext,
    target: Target,
    built: Built,
    how: { derived: Record<string, unknown>; retain: number; adopted: string },
    owner: Owner,
    isRetry = false,
): Promise<{ id: string; outputs: Outputs }> {
    const { path, fileName, digest, sizeBytes } = built;
    const { derived, retain, adopted } = how;
    const { host } = target;
    return located({ host }, async () => {
        context.status("looking at the host");
        const look = await perform(context, target, () => lookForImage(built));
        const facts = hostFacts(look);
        requirePortable(facts, host);
        const other = otherArchitecture(facts, built.architecture);
        const id = objectId(built.name, facts.machineId);
        const outputs = (retained: string[]): Outputs => ({
            path,
            digest,
            sizeBytes,
            sourceDigest: asText(derived.sourceDigest),
            unitTexts: built.unitTexts,
            contents: (derived.contents as Record<string, string> | undefined) ?? built.contents,
            retained,
            machineId: facts.machineId,
            record: recordText(owner),
            connection: target.connection,
        });
        const present = look.one("present");
        const incoming = look.one("incoming");
        if (other !== undefined) {
            if (incoming !== undefined) await perform(context, target, () => discardUpload(`${incoming}/${fileName}`));
            const todo = "Build the programs for that, or give a host of the other kind; nothing was uploaded";
            throw new UserError({ property: "source", what: other, todo });
        }
        if (present !== digest && incoming === undefined) refuseUpload(look.one("free"), look.stderr, built);
        const uploaded = present === digest ? undefined : `${incoming}/${fileName}`;
        if (uploaded !== undefined) {
            try {
                await target.upload(built.file, uploaded, {
                    signal: context.signal,
                    onProgress: (done, total) => context.status(`uploading ${megabytes(done)}/${megabytes(total)} MB`),
                });
            } catch (error) {
                // A host that can't be reached any more keeps an empty directory, until the next upload a day later.
                const signal = AbortSignal.timeout(5000);
                await perform({ status() {}, signal }, target, () => discardUpload(uploaded)).catch(() => {});
                throw error;
            }
        }
        context.status("verifying the upload");
        const said = await perform(context, target, () => commitImage(built, uploaded, owner, { retain, adopted }));
        if (said.has("done")) {
            context.status(
                `${fileName} is there (${megabytes(sizeBytes)} MB${uploaded === undefined ? ", it was already" : ""})`,
            );
            return { id, outputs: outputs(said.all("retained")) };
        }
        // Another stack may have taken it away since the look.
        if (uploaded === undefined && !isRetry) return place(context, target, built, how, owner, true);
        const arrived = said.one("digest");
        const what =
            arrived !== undefined && arrived !== digest
                ? `the image arrived with another SHA-256: ${arrived} in place of ${digest}`
                : `the image couldn't be put at ${path}`;
        throw new PartialFailure(id, outputs([]), [
            new UserError({
                host,
                what,
                said: said.stderr,
                todo: "What was there before is untouched; run `pulumi up` again",
            }).message,
        ]);
    });
}

function refuseUpload(free: string | undefined, said: string, { sizeBytes, path }: Built): never {
    if (free !== undefined && Number(free) <= sizeBytes)
        throw new UserError({
            what: `there is no room for the image ${path}: it has ${megabytes(sizeBytes)} MB, and ${megabytes(Number(free))} MB are free on /var/lib`,
            todo: "Make room there; nothing was changed",
        });
    throw new UserError({ what: "no directory to upload to could be made in /var/lib", said });
}

function megabytes(bytes: number): string {
    return (bytes / 1e6).toFixed(1);
}
