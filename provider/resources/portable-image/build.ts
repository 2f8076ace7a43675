import type { Context } from "../../contract";
import { type BuildArgs, type BuiltImage, buildImage, SourceChanged } from "../../image/image";
import { instanceName } from "../../image/sources/instance";
import type { Source } from "../../image/sources/source";
import type { PreviewedObject } from "../../schema/values";
import { imageFileName, imagePath } from "../../systemd/paths";

/** A built image, and its path on the host. */
export interface Built {
    name: string;
    /** Path on this machine; undefined if only the host has the image. */
    file: string | undefined;
    path: string;
    fileName: string;
    digest: string;
    sizeBytes: number;
    unitTexts: Record<string, string>;
    contents: Record<string, string>;
    architecture: string | undefined;
    warnings: string[];
}

/** Inputs of the resource that the image is built from. */
interface ImageInputs {
    name?: string;
    instance?: string;
    version: string;
    format?: "squashfs" | "erofs";
    extends?: string;
    source: Source;
}

/** The default for `name`: the name of the resource. */
export function defaultName({ urn }: Pick<Context, "urn">): string {
    return urn.split("::").pop() as string;
}

/** The name of the image on the host. */
export function nameOnHost(
    context: Pick<Context, "urn">,
    { name, instance }: { name?: string; instance?: string },
): string {
    return instanceName(name || defaultName(context), instance || undefined);
}

export function naming(context: Context, declared: PreviewedObject<ImageInputs>) {
    return {
        name: declared.name ?? defaultName(context),
        instance: declared.instance,
        version: declared.version,
        format: declared.format,
        extends: declared.extends,
        programDirectory: context.programDirectory,
        signal: context.signal,
    };
}

export async function build(context: Context, declared: ImageInputs, sourceDigest: string): Promise<Built> {
    const args = buildArgs(context, declared, sourceDigest);
    return asBuilt(await buildImage(declared.source, args), args);
}

/** Builds the image. If ignoreChanges keeps a source whose local files have changed, returns the deployed image. */
export function buildOrKeep(
    context: Context,
    declared: ImageInputs,
    sourceDigest: string,
    olds: Deployed,
): Promise<Built> {
    return build(context, declared, sourceDigest)
        .then((built) => atDeployedPath(built, declared.version, olds))
        .catch(keptIfChanged(context, declared, sourceDigest, olds));
}

/** Handles {@link SourceChanged} of a build: returns the deployed image if that is the one to place. */
export function keptIfChanged(
    context: Pick<Context, "urn">,
    declared: ImageInputs,
    sourceDigest: string,
    olds: Deployed | undefined,
): (error: unknown) => Built {
    return (error) => {
        const kept =
            error instanceof SourceChanged && olds !== undefined
                ? deployedImage(context, declared, sourceDigest, olds)
                : undefined;
        if (kept === undefined) throw error;
        return kept;
    };
}

export function buildArgs(context: Context, declared: ImageInputs, sourceDigest: string): BuildArgs {
    return {
        ...(naming(context, declared) as Omit<BuildArgs, "sourceDigest" | "onProgress">),
        sourceDigest,
        onProgress: (text) => context.status(text),
    };
}

export function asBuilt(image: BuiltImage, { name: ofProgram, instance, version }: BuildArgs): Built {
    const name = instanceName(ofProgram, instance);
    const fileName = imageFileName(name, version, image.digest);
    return { ...image, name, fileName, path: imagePath(fileName) };
}

/** Shows the image's warnings, unless this stack already deployed these bytes and showed them then. */
export function warnOf(context: Context, { digest, warnings }: Built, olds: Deployed | undefined): void {
    if (olds?.outputs.digest !== digest) for (const warning of warnings) context.warn(warning);
}

/** The image in the state. */
interface Deployed {
    inputs: { name?: string; instance?: string; version?: string; format?: string; extends?: string };
    outputs: Partial<Pick<Built, "digest" | "path" | "sizeBytes" | "unitTexts" | "contents">> & {
        sourceDigest?: string;
    };
}

/** The deployed image with the declared version; undefined if it differs in more than the version. */
function deployedImage(
    context: Pick<Context, "urn">,
    declared: Omit<ImageInputs, "source">,
    sourceDigest: string,
    { inputs, outputs }: Deployed,
): Built | undefined {
    const { digest, path, sizeBytes, unitTexts = {}, contents = {} } = outputs;
    const name = nameOnHost(context, declared);
    const isSame =
        outputs.sourceDigest === sourceDigest &&
        nameOnHost(context, inputs) === name &&
        (inputs.format ?? "squashfs") === (declared.format ?? "squashfs") &&
        inputs.extends === declared.extends;
    if (!isSame || digest === undefined || path === undefined || sizeBytes === undefined) return undefined;
    const fileName = imageFileName(name, declared.version, digest);
    const built = { name, file: undefined, fileName, digest, sizeBytes, unitTexts, contents, warnings: [] };
    return atDeployedPath({ ...built, path: imagePath(fileName), architecture: undefined }, declared.version, {
        inputs,
        outputs,
    });
}

/** An image with the same bytes and version keeps its path, even if an import found it under another name. */
export function atDeployedPath(built: Built, version: string, olds: Deployed | undefined): Built {
    const { digest, path } = olds?.outputs ?? {};
    if (path === undefined || digest !== built.digest || olds?.inputs.version !== version) return built;
    return { ...built, path, fileName: path.split("/").pop() as string };
}
