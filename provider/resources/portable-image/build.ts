import type { Context } from "../../contract";
import { type BuildArgs, type BuiltImage, buildImage } from "../../image/image";
import { instanceName } from "../../image/sources/instance";
import type { Source } from "../../image/sources/source";
import { asText, type PreviewedObject } from "../../schema/values";
import { imageFileName, imagePath } from "../../systemd/paths";

/** An image on this machine, and where it will be on the host. */
export interface Built {
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

/** The inputs of the resource that make the image. */
interface Given {
    name?: string;
    instance?: string;
    version: string;
    format?: "squashfs" | "erofs";
    extends?: string;
    source: Source;
}

/** The name of the resource. */
export function defaultName({ urn }: Pick<Context, "urn">): string {
    return urn.split("::").pop() as string;
}

/** What the image is called on the host, by inputs as the state has them. */
export function nameOnHost(
    context: Pick<Context, "urn">,
    { name, instance }: { name?: unknown; instance?: unknown },
): string {
    return instanceName(asText(name) || defaultName(context), asText(instance) || undefined);
}

export function naming(context: Context, given: PreviewedObject<Given>) {
    return {
        name: given.name ?? defaultName(context),
        instance: given.instance,
        version: given.version,
        format: given.format,
        extends: given.extends,
        programDirectory: context.programDirectory,
        signal: context.signal,
    };
}

export async function build(context: Context, given: Given, sourceDigest: string): Promise<Built> {
    const args = buildArgs(context, given, sourceDigest);
    return asBuilt(await buildImage(given.source, args), args);
}

export function buildArgs(context: Context, given: Given, sourceDigest: string): BuildArgs {
    return {
        ...(naming(context, given) as Omit<BuildArgs, "sourceDigest" | "onProgress">),
        sourceDigest,
        onProgress: (text) => context.status(text),
    };
}

export function asBuilt(image: BuiltImage, { name: ofProgram, instance, version }: BuildArgs): Built {
    const name = instanceName(ofProgram, instance);
    const fileName = imageFileName(name, version, image.digest);
    return { ...image, name, fileName, path: imagePath(fileName) };
}

/** Of an image that this stack hasn't had before: what was known of it has been said. */
export function warnOf(context: Context, { digest, warnings }: Built, olds?: Olds): void {
    if (olds?.outputs.digest !== digest) for (const warning of warnings) context.warn(warning);
}

export interface Olds {
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/** The same bytes under the same version stay where they are, also where an import found them under another name. */
export function kept(built: Built, version: string, olds: Olds | undefined): Built {
    if (olds?.outputs.digest !== built.digest || olds.inputs.version !== version) return built;
    const path = asText(olds.outputs.path);
    return { ...built, path, fileName: path.split("/").pop() as string };
}
