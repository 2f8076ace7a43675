import type { Context, DerivedValues, OldState } from "../../contract";
import { previewImage } from "../../image/image";
import type { Source } from "../../image/sources/source";
import { isRecord, type PreviewedObject, UNKNOWN, Unknown } from "../../schema/values";
import { whyClosing } from "../../systemd/closing-sockets";
import { asBuilt, atDeployedPath, buildArgs, keptIfChanged, warnOf } from "./build";
import type { Inputs, inputs, outputs } from "./schema";

type Olds = OldState<typeof inputs, typeof outputs>;

/** The outputs about the image that are known without the builds that only `up` makes. */
export async function previewedImage(
    context: Context,
    declared: PreviewedObject<Inputs>,
    { sourceDigest, unitTexts = UNKNOWN, contents = UNKNOWN }: PreviewedObject<DerivedValues<typeof outputs>>,
    olds: Olds | undefined,
): Promise<Record<string, unknown>> {
    const unknown = { path: UNKNOWN, digest: UNKNOWN, sizeBytes: UNKNOWN, sourceDigest, unitTexts, contents };
    const isSame =
        olds !== undefined &&
        olds.outputs.sourceDigest === sourceDigest &&
        olds.inputs.version === declared.version &&
        olds.inputs.extends === declared.extends &&
        (olds.inputs.format ?? "squashfs") === (declared.format ?? "squashfs");
    if (isSame) {
        const { path, digest, sizeBytes } = olds.outputs;
        return {
            path,
            digest,
            sizeBytes,
            sourceDigest,
            unitTexts: unitTexts instanceof Unknown ? (olds.outputs.unitTexts ?? unitTexts) : unitTexts,
            contents: olds.outputs.contents ?? contents,
        };
    }
    const { source, name, instance, version, format, extends: extended } = declared;
    if ([sourceDigest, name, instance, version, format, extended].includes(UNKNOWN)) return unknown;
    const knownInputs = declared as Inputs;
    const digestOfSource = sourceDigest as string;
    const args = buildArgs(context, knownInputs, digestOfSource);
    const made = await previewImage(source as Source, args).catch(
        keptIfChanged(context, knownInputs, digestOfSource, olds),
    );
    if (made === undefined) return unknown;
    if ("packerMissing" in made) {
        context.warn(
            `${made.packerMissing} This preview goes without the path and digest of the image; \`pulumi up\` needs it.`,
        );
        for (const warning of made.warnings) context.warn(warning);
        return { ...unknown, contents: made.contents };
    }
    const built = "path" in made ? made : atDeployedPath(asBuilt(made, args), args.version, olds);
    warnOf(context, built, olds);
    if (olds !== undefined && olds.inputs.source === undefined && built.digest !== olds.outputs.digest)
        context.warn(
            `The image that was imported, ${olds.outputs.path}, has the SHA-256 ${olds.outputs.digest}; the one that is declared has ${built.digest}, and is uploaded beside it.`,
        );
    const { path, digest, sizeBytes } = built;
    return { path, digest, sizeBytes, sourceDigest, unitTexts, contents: built.contents };
}

/** Warns of sockets that close because their section changes; other sockets stay open during the update. */
export function warnOfClosing(context: Context, old: unknown, now: unknown): void {
    if (!isRecord(old) || !isRecord(now)) return;
    for (const [unit, text] of Object.entries(now)) {
        const before = old[unit];
        if (!unit.endsWith(".socket") || typeof before !== "string" || typeof text !== "string") continue;
        const reason = whyClosing(before, text);
        if (reason !== undefined)
            context.warn(
                `${unit} closes in this update, since ${reason}. Connections are refused until it is open again.`,
            );
    }
}
