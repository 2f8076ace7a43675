import * as z from "zod";
import { sha256 } from "../../../digest";
import { LocalProblem } from "../../tree/local-files";
import type { Blobs } from "./blobs";
import { type Candidate, type Choice, choose } from "./choose";
import type { LayerSource } from "./layer";
import type { Platform } from "./platform";

/** The part of an image's configuration that describes how it runs ("OCI Image Configuration"). */
const configuration = z.object({
    architecture: z.string().optional(),
    variant: z.string().nullish(),
    os: z.string().optional(),
    config: z
        .object({
            User: z.string().nullish(),
            ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
            Env: z.array(z.string()).nullish(),
            Entrypoint: z.array(z.string()).nullish(),
            Cmd: z.array(z.string()).nullish(),
            Volumes: z.record(z.string(), z.unknown()).nullish(),
            WorkingDir: z.string().nullish(),
            StopSignal: z.string().nullish(),
            Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish(),
        })
        .nullish(),
    rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

export type RunConfiguration = NonNullable<z.output<typeof configuration>["config"]>;

const descriptor = z.object({
    mediaType: z.string().optional(),
    digest: z.string(),
    platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().nullish() }).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
    artifactType: z.string().nullish(),
});
type Descriptor = z.output<typeof descriptor>;
const index = z.object({ manifests: z.array(descriptor) });
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });
/** `manifest.json` of `docker save`. */
const saved = z.array(
    z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }),
);

export interface OciImage {
    /** SHA-256 of the configuration, the "image ID", which covers all layers. */
    id: string;
    architecture: string | undefined;
    run: RunConfiguration;
    layers: LayerSource[];
}

const REF_NAME = "org.opencontainers.image.ref.name";
const NAME = "io.containerd.image.name";

/** Finds the image in a layout or archive. Throws a LocalProblem that names the available images. */
export async function findImage(blobs: Blobs, choice: Choice): Promise<OciImage> {
    const top = await json(blobs, "index.json", index);
    if (top !== undefined) {
        const chosen = choose(await candidatesOf(blobs, top.manifests), choice, blobs.name);
        return manifestImage(blobs, chosen.file, await verified(blobs, chosen.digest));
    }
    const images = await json(blobs, "manifest.json", saved);
    if (images === undefined) {
        throw new LocalProblem({
            what: `'${blobs.name}' is no container image: it has neither an index.json nor a manifest.json`,
            todo: `Make it with \`docker save\`, \`podman save\` or \`buildah push ... oci:DIRECTORY\``,
        });
    }
    const candidates = await Promise.all(
        images.map(async (image): Promise<Candidate & { saved: typeof image }> => {
            const platform = platformIn((await configurationAt(blobs, image.Config)).config);
            return {
                digest: image.Config,
                file: image.Config,
                names: image.RepoTags ?? [],
                platform,
                isThere: true,
                saved: image,
            };
        }),
    );
    const chosen = choose(candidates, choice, blobs.name).saved;
    const { config, text } = await configurationAt(blobs, chosen.Config);
    const layers = chosen.Layers.map((file, index) => layer(blobs, file, diffIdOf(config.rootfs.diff_ids[index])));
    return complete(blobs, config, text, layers);
}

/** Limit of nested indexes; no known tool makes more than two levels. */
const MAX_NESTING = 8;
const INDEX_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/** The images of an index and of nested indexes, whose names apply to their images, too. */
async function candidatesOf(
    blobs: Blobs,
    descriptors: readonly Descriptor[],
    inherited: readonly string[] = [],
    depth = 0,
): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const descriptor of descriptors.filter(isImage)) {
        const { digest, annotations, mediaType } = descriptor;
        const own = [annotations?.[NAME], annotations?.[REF_NAME]].filter((name) => name !== undefined);
        const names = [...inherited, ...own];
        const file = fileOf(digest);
        const bytes = await blobs.read(file);
        const isIndex = mediaType !== undefined && INDEX_TYPES.includes(mediaType);
        const nested =
            bytes && (isIndex || mediaType === undefined) ? index.safeParse(parse(blobs, file, bytes)) : undefined;
        if (bytes !== undefined && nested?.success) {
            checkDigest(blobs, bytes, digest);
            if (depth >= MAX_NESTING)
                throw new LocalProblem({ what: `'${blobs.name}' has indexes within indexes without end` });
            found.push(...(await candidatesOf(blobs, nested.data.manifests, names, depth + 1)));
            continue;
        }
        const platform = descriptor.platform ?? (bytes && (await platformOfManifest(blobs, file, bytes)));
        found.push({ digest, file, names, platform, isThere: bytes !== undefined });
    }
    return found;
}

/** Whether an entry is an image, rather than an attestation (of BuildKit), a signature or another artifact. */
function isImage({ mediaType, platform, annotations, artifactType }: Descriptor): boolean {
    if (artifactType || annotations?.["vnd.docker.reference.type"] !== undefined) return false;
    if (platform?.os === "unknown" || platform?.architecture === "unknown") return false;
    return mediaType === undefined || [...INDEX_TYPES, ...MANIFEST_TYPES].includes(mediaType);
}

/** The platform in the configuration, for an index without platforms; undefined if the configuration is missing. */
async function platformOfManifest(blobs: Blobs, file: string, bytes: Buffer): Promise<Platform | undefined> {
    const place = manifest.safeParse(parse(blobs, file, bytes)).data?.config;
    const text = place && (await blobs.read(fileOf(place.digest)));
    const config = text && configuration.safeParse(parse(blobs, fileOf(place.digest), text)).data;
    return config && platformIn(config);
}

function platformIn({ os = "linux", architecture, variant }: z.output<typeof configuration>): Platform | undefined {
    return architecture === undefined ? undefined : { os, architecture, variant };
}

async function manifestImage(blobs: Blobs, file: string, bytes: unknown): Promise<OciImage> {
    const { config: place, layers: parts } = parsed(blobs, file, manifest, bytes);
    const { config, text } = await configurationAt(blobs, fileOf(place.digest), place.digest);
    const layers = parts.map(({ digest }, index) =>
        layer(blobs, fileOf(digest), diffIdOf(config.rootfs.diff_ids[index]), diffIdOf(digest)),
    );
    return complete(blobs, config, text, layers);
}

async function configurationAt(blobs: Blobs, file: string, digest?: string) {
    const bytes = await blobs.read(file);
    if (bytes === undefined) throw incomplete(blobs, file);
    if (digest !== undefined) checkDigest(blobs, bytes, digest);
    const config = parsed(blobs, file, configuration, parse(blobs, file, bytes));
    return { config, text: bytes };
}

function complete(blobs: Blobs, config: z.output<typeof configuration>, text: Buffer, layers: LayerSource[]): OciImage {
    if (layers.length !== config.rootfs.diff_ids.length) {
        throw new LocalProblem({
            what: `'${blobs.name}' is damaged: ${layers.length} layers, and ${config.rootfs.diff_ids.length} in its configuration`,
            todo: "Save or fetch it again",
        });
    }
    if (config.os !== undefined && config.os !== "linux") {
        throw new LocalProblem({ what: `'${blobs.name}' is an image for ${config.os}, not for Linux` });
    }
    return { id: sha256(text), architecture: config.architecture, run: config.config ?? {}, layers };
}

function layer(blobs: Blobs, file: string, diffId: string, digest?: string): LayerSource {
    return {
        diffId,
        digest,
        async open() {
            const stream = await blobs.stream(file);
            if (stream === undefined) throw incomplete(blobs, file);
            return stream;
        },
    };
}

function incomplete(blobs: Blobs, file: string): LocalProblem {
    return new LocalProblem({
        what: `'${blobs.name}' is not whole: ${file} is missing`,
        todo: "Save or fetch it again",
    });
}

/** The hexadecimal digits of a SHA-256 digest, the only algorithm in use. */
function diffIdOf(digest: string | undefined): string {
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "") ?? [];
    if (hex === undefined) throw new LocalProblem({ what: `The image has a digest that isn't SHA-256: ${digest}` });
    return hex;
}

function fileOf(digest: string): string {
    return `blobs/sha256/${diffIdOf(digest)}`;
}

async function verified(blobs: Blobs, digest: string): Promise<unknown> {
    const file = fileOf(digest);
    const bytes = await blobs.read(file);
    if (bytes === undefined) throw incomplete(blobs, file);
    checkDigest(blobs, bytes, digest);
    return parse(blobs, file, bytes);
}

function checkDigest(blobs: Blobs, bytes: Buffer, digest: string): void {
    if (sha256(bytes) === diffIdOf(digest)) return;
    throw new LocalProblem({
        what: `'${blobs.name}' is damaged: ${fileOf(digest)} isn't what its name says`,
        todo: "Save or fetch it again",
    });
}

async function json<T extends z.ZodType>(blobs: Blobs, file: string, schema: T): Promise<z.output<T> | undefined> {
    const bytes = await blobs.read(file);
    return bytes === undefined ? undefined : parsed(blobs, file, schema, parse(blobs, file, bytes));
}

function parse(blobs: Blobs, file: string, bytes: Buffer): unknown {
    try {
        return JSON.parse(bytes.toString("utf8"));
    } catch {
        throw new LocalProblem({
            what: `'${blobs.name}' is damaged: ${file} is no JSON`,
            todo: "Save or fetch it again",
        });
    }
}

function parsed<T extends z.ZodType>(blobs: Blobs, file: string, schema: T, value: unknown): z.output<T> {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new LocalProblem({
        what: `'${blobs.name}' is no container image: ${file} isn't as the OCI specification has it`,
    });
}
