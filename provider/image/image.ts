import { sha256 } from "../digest";
import { type Failure, throwFailures, UserError } from "../errors";
import { megabytes } from "../format";
import { type Path, type Previewed, UNKNOWN, Unknown } from "../schema/values";
import { findingSentence, findingText } from "./checks/finding";
import { inspect } from "./inspect";
import { erofs } from "./pack/erofs";
import { addExtensionRelease } from "./pack/extension";
import { PackerMissing } from "./pack/packer";
import { addSkeleton, type Identity, SKELETON_VERSION } from "./pack/skeleton";
import { squashfs } from "./pack/squashfs";
import { instanceName } from "./sources/instance";
import { loadSource } from "./sources/load";
import type { LoadedSource, Packable, Ready } from "./sources/loaded";
import type { Source } from "./sources/source";
import type { Store } from "./store/store";
import { userStore } from "./store/user-store";

/** What is known about a source's image without a build. */
export interface Resolved {
    /** SHA-256 over the source, in hexadecimal; the same on every machine. UNKNOWN while a part of it is. */
    sourceDigest: string | Unknown;
    /**
     * Texts of the units by name, as they will be in the image; undefined if only `up` can read them,
     * because it builds or downloads the image.
     */
    unitTexts: Record<string, string | Unknown> | Unknown | undefined;
    /**
     * Contents of the image, as short lines by path or package; UNKNOWN while a part of the source is, undefined if only `up`
     * builds it.
     */
    contents: Record<string, string> | Unknown | undefined;
    /** Failures of `name`, `version` and `source`, and of the contents of the image. */
    failures: Failure[];
    /** Warnings for the user. Those that depend on the profile are returned by {@link buildImage}. */
    warnings: Failure[];
}

export interface ImageArgs {
    name: Previewed<string>;
    version: Previewed<string>;
    format?: Previewed<"squashfs" | "erofs">;
    /** For an extension: name of the image that it extends. */
    extends?: Previewed<string>;
    /** For one of several instances of the program on a host: `staging` of `hello-staging`. */
    instance?: Previewed<string>;
    /** Absolute path, to which relative paths in the source refer. */
    programDirectory: string;
    signal?: AbortSignal;
}

/** Resolves a source for Check: reads its local files and has nix evaluate it, without a build. */
export async function resolveSource(
    source: Previewed<Source>,
    args: ImageArgs,
    store = userStore(),
): Promise<Resolved> {
    const { sourceDigest, unitTexts, content, failures, warnings } = await loaded(source, args);
    const knownParts = { sourceDigest, unitTexts: unitTexts ?? {}, failures, warnings };
    if (content === undefined) return { ...knownParts, contents: UNKNOWN };
    if (content.kind === "later") {
        const isKnown = Object.keys(unitTexts ?? {}).length > 0;
        return { ...knownParts, unitTexts: isKnown ? unitTexts : undefined, contents: undefined };
    }
    const { signal } = args;
    const naming = [args.name, args.version, args.extends, args.instance];
    if (naming.some((input) => input instanceof Unknown)) return { ...knownParts, contents: UNKNOWN };
    const ready = readyProblem(content, args.format);
    if (ready !== undefined) return { ...knownParts, contents: UNKNOWN, failures: [...failures, ready] };
    const inspected = await inspect(content, identityOf(args as BuildArgs), store, signal);
    const path = pathOf(source as Source);
    const failed = inspected.findings.filter(({ severity }) => severity === "failure");
    const others = inspected.findings.filter(
        ({ severity, dependsOnProfile }) => severity === "warning" && dependsOnProfile !== true,
    );
    return {
        sourceDigest,
        unitTexts: { ...(unitTexts as Whole["unitTexts"]), ...inspected.unitTexts },
        contents: inspected.contents,
        failures: [...failures, ...failed.map((finding) => ({ path, ...findingSentence(finding) }))],
        warnings: [...warnings, ...others.map((finding) => ({ path, ...findingSentence(finding) }))],
    };
}

/** The identity of an image on a host: an instance has its own name of image and units. */
function identityOf({ name, version, extends: extended, instance }: BuildArgs): Identity {
    if (instance === undefined) return { name, version, extends: extended };
    return {
        name: instanceName(name, instance),
        version,
        extends: extended === undefined ? undefined : instanceName(extended, instance),
        instanceOf: extended ?? name,
    };
}

/** Loads the source and saves the digests of its files for the next run. */
async function loaded(source: Previewed<Source>, args: ImageArgs) {
    try {
        return await loadSource(source, args);
    } finally {
        await userStore().saveDigests();
    }
}

function pathOf(source: Source): Path {
    return ["source", ...Object.keys(source).filter((kind) => source[kind as keyof Source] !== undefined)];
}

/** Facts about an image that are known before it is packed. */
export interface InspectedImage {
    /** The architecture of its programs: "x86-64". Undefined if it isn't known. */
    architecture: string | undefined;
    /** The digest of the source, as {@link resolveSource} returns it now. */
    sourceDigest: string;
    unitTexts: Record<string, string>;
    contents: Record<string, string>;
    /** Warnings that are shown before it is attached: those that depend on the profile, and those that need a build. */
    warnings: string[];
}

export interface BuiltImage extends InspectedImage {
    /** Absolute path of the .raw on this machine. Read it soon, as the store may be pruned. */
    file: string;
    /** SHA-256 of the .raw, in hexadecimal. */
    digest: string;
    sizeBytes: number;
}

/** An image that can't be packed on this machine, with the package to install. */
export interface UnpackableImage extends InspectedImage {
    packerMissing: string;
}

/** The source differs from the one with `sourceDigest` that should be built. */
export class SourceChanged extends UserError {
    constructor() {
        super({
            property: "source",
            what: "The files of the image have changed since the preview",
            todo: "Run `pulumi up` again, and check its preview",
        });
    }
}

export interface BuildArgs {
    /** Name of the program, which is the prefix of units in the source (unless the image is an extension). */
    name: string;
    version: string;
    extends?: string;
    instance?: string;
    /** Default: squashfs. */
    format?: "squashfs" | "erofs";
    programDirectory: string;
    /** The digest in the preview: a source that has another one by now is a UserError. */
    sourceDigest?: string;
    /** Called with "building 12.3/40.1 MB" whenever there is progress. */
    onProgress?: (text: string) => void;
    signal?: AbortSignal;
}

/** Builds the image of a source for Create and Update, or finds it in the local store. */
export async function buildImage(source: Source, args: BuildArgs, store = userStore()): Promise<BuiltImage> {
    const whole = await loadWhole(source, args);
    const { content } = whole;
    const { signal } = args;
    const report = args.onProgress ?? (() => {});
    const made =
        content.kind === "later"
            ? await content.make({ onProgress: report, signal, storeDirectory: store.directory })
            : content;
    return pack(made, await inspectSource(source, whole, made, args, store), args, store);
}

/**
 * Like {@link buildImage} for a preview. Undefined if it needs a build by another tool, which only `up` starts. If the packer is
 * missing, everything except the bytes is known.
 */
export async function previewImage(
    source: Source,
    args: BuildArgs,
    store = userStore(),
): Promise<BuiltImage | UnpackableImage | undefined> {
    const whole = await loadWhole(source, args);
    const { content } = whole;
    if (content.kind === "later") return undefined;
    const inspected = await inspectSource(source, whole, content, args, store);
    try {
        return await pack(content, inspected, args, store);
    } catch (error) {
        if (!(error instanceof PackerMissing)) throw error;
        return { ...inspected, packerMissing: error.message };
    }
}

interface Whole {
    sourceDigest: string;
    /** Texts of the source's units. */
    unitTexts: Record<string, string> | undefined;
    content: NonNullable<LoadedSource["content"]>;
}

async function loadWhole(source: Source, args: BuildArgs): Promise<Whole> {
    const { failures, sourceDigest, unitTexts, content } = await loaded(source, args);
    throwFailures(failures, NOT_BUILT);
    if (sourceDigest instanceof Unknown || unitTexts instanceof Unknown || content === undefined) {
        throw new Error("an image is built from a source that isn't known yet");
    }
    if (args.sourceDigest !== undefined && args.sourceDigest !== sourceDigest) {
        throw new SourceChanged();
    }
    return { sourceDigest, unitTexts: unitTexts as Whole["unitTexts"], content };
}

/** Inspects the contents for the image. Throws a UserError if they can't be a portable service. */
async function inspectSource(
    source: Source,
    whole: Whole,
    made: Packable | Ready,
    args: BuildArgs,
    store: Store,
): Promise<InspectedImage> {
    const identity = identityOf(args);
    const inspected = await inspect(made, identity, store, args.signal);
    const path = pathOf(source);
    const failed = inspected.findings.filter(({ severity }) => severity === "failure");
    throwFailures(
        failed.map((finding) => ({ path, ...findingSentence(finding) })),
        NOT_BUILT,
    );
    const ready = readyProblem(made, args.format);
    if (ready !== undefined) throwFailures([ready], NOT_BUILT);
    const isNew = whole.content.kind === "later";
    const warnings = inspected.findings.filter(
        ({ severity, dependsOnProfile }) => severity === "warning" && (isNew || dependsOnProfile),
    );
    return {
        sourceDigest: whole.sourceDigest,
        unitTexts: { ...whole.unitTexts, ...inspected.unitTexts },
        contents: inspected.contents,
        architecture: inspected.architecture,
        warnings: warnings.map(findingText),
    };
}

const NOT_BUILT = "The image can't be built";

async function pack(
    made: Packable | Ready,
    inspected: InspectedImage,
    args: BuildArgs,
    store: Store,
): Promise<BuiltImage> {
    if (made.kind === "ready") {
        const { file, sha256: digest, sizeBytes } = made;
        return { ...inspected, file, digest, sizeBytes };
    }
    const { tree } = made;
    const { signal } = args;
    const identity = identityOf(args);
    if (args.extends !== undefined) addExtensionRelease(tree, identity.name);
    else if (!made.isWhole) addSkeleton(tree, identity, inspected.unitTexts);
    const packer = args.format === "erofs" ? erofs : squashfs;
    const versions = [SKELETON_VERSION, ...(await packer.version())];
    const key = sha256(JSON.stringify([tree.digest(), ...versions]));
    const report = args.onProgress ?? (() => {});
    const image = await store.get(
        key,
        async (file) => {
            const total = megabytes(tree.sizeBytes);
            await packer.pack(tree, file, {
                onBytes: (done) => report(`building ${megabytes(done)}/${total} MB`),
                signal,
            });
        },
        signal,
    );
    return { ...inspected, ...image };
}

function readyProblem(content: Packable | Ready, format: unknown): Failure | undefined {
    if (content.kind !== "ready" || format === undefined) return undefined;
    return { path: ["format"], what: "A ready image stays in the format it has", todo: "Remove `format`" };
}
