import * as z from "zod";
import { sha256 } from "../../../digest";
import { LocalProblem } from "../../tree/local-files";
import type { Blobs } from "./blobs";
import type { LayerSource } from "./layer";

/** What the configuration of an image says of how it runs ("OCI Image Configuration"). */
const configuration = z.object({
    architecture: z.string().optional(),
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
        })
        .nullish(),
    rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

export type RunConfiguration = NonNullable<z.output<typeof configuration>["config"]>;

const descriptor = z.object({
    mediaType: z.string().optional(),
    digest: z.string(),
    platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
});
type Descriptor = z.output<typeof descriptor>;
const index = z.object({ manifests: z.array(descriptor) });
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });
/** `manifest.json` of `docker save`. */
const saved = z.array(
    z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }),
);

export interface OciImage {
    /** SHA-256 of its configuration, the "image ID": it names all layers too. */
    id: string;
    architecture: string | undefined;
    run: RunConfiguration;
    layers: LayerSource[];
}

/** Which one, where there are several. */
export interface Choice {
    /** "hello:1.0", or "1.0". */
    tag?: string;
    /** As Go names it: "amd64". */
    architecture: string;
}

const REF_NAME = "org.opencontainers.image.ref.name";
const NAME = "io.containerd.image.name";

/** Finds the image in a layout or archive. Throws a LocalProblem that says what is there instead. */
export async function findImage(blobs: Blobs, choice: Choice): Promise<OciImage> {
    const top = await json(blobs, "index.json", index);
    if (top !== undefined) return ofIndex(blobs, top.manifests, choice);
    const images = await json(blobs, "manifest.json", saved);
    if (images === undefined) {
        throw new LocalProblem(
            `'${blobs.name}' is no container image: it has neither an index.json nor a manifest.json. Make it with \`docker save\`, \`podman save\` or \`buildah push ... oci:DIRECTORY\`.`,
        );
    }
    const chosen = one(
        images.map((each) => ({ names: each.RepoTags ?? [], value: each })),
        choice.tag,
        blobs,
    );
    const { config, text } = await configurationAt(blobs, chosen.Config);
    const layers = chosen.Layers.map((file, at) => layer(blobs, file, diffIdOf(config.rootfs.diff_ids[at])));
    return complete(blobs, config, text, layers);
}

async function ofIndex(blobs: Blobs, given: Descriptor[], choice: Choice): Promise<OciImage> {
    const found = one(
        given.map((each) => ({ names: [each.annotations?.[NAME], each.annotations?.[REF_NAME]], value: each })),
        choice.tag,
        blobs,
        choice.architecture,
    );
    const file = fileOf(found.digest);
    const bytes = await verified(blobs, found.digest);
    const nested = index.safeParse(bytes);
    if (nested.success) return ofIndex(blobs, nested.data.manifests, { architecture: choice.architecture });
    const { config: place, layers: parts } = parsed(blobs, file, manifest, bytes);
    const { config, text } = await configurationAt(blobs, fileOf(place.digest), place.digest);
    const layers = parts.map(({ digest }, at) =>
        layer(blobs, fileOf(digest), diffIdOf(config.rootfs.diff_ids[at]), diffIdOf(digest)),
    );
    return complete(blobs, config, text, layers);
}

/** The one of the tag; among those for several architectures, the one that fits. */
function one<T>(
    all: { names: (string | undefined)[]; value: T & { platform?: Descriptor["platform"] } }[],
    tag: string | undefined,
    blobs: Blobs,
    architecture?: string,
): T {
    // Attestations stand beside the images that they are of.
    const images = all.filter(({ value }) => value.platform?.os !== "unknown");
    const matches = (name: string | undefined) => name === tag || name?.endsWith(`:${tag}`) === true;
    const tagged = tag === undefined ? images : images.filter(({ names }) => names.some(matches));
    const named = () =>
        [...new Set(images.flatMap(({ names }) => names.filter((each) => each !== undefined)))].join(", ");
    if (tag !== undefined && tagged.length === 0) {
        throw new LocalProblem(
            `'${blobs.name}' has no image '${tag}', but ${named() || "one without a tag"}. Correct \`tag\`.`,
        );
    }
    const [first, ...more] = tagged;
    if (first === undefined) throw new LocalProblem(`'${blobs.name}' holds no image.`);
    if (more.length === 0) return first.value;
    const fitting = tagged.filter(({ value }) => value.platform?.architecture === architecture);
    if (fitting.length === 1) return (fitting[0] as typeof first).value;
    const architectures = tagged.map(({ value }) => value.platform?.architecture).filter((each) => each !== undefined);
    throw new LocalProblem(
        fitting.length === 0 && architectures.length === tagged.length
            ? `'${blobs.name}' has images for ${architectures.join(", ")}, and not one for ${architecture}. Set \`architecture\` to one of them.`
            : `'${blobs.name}' has ${tagged.length} images: ${named()}. Set \`tag\` to one of them.`,
    );
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
        throw new LocalProblem(
            `'${blobs.name}' is damaged: ${layers.length} layers, and ${config.rootfs.diff_ids.length} in its configuration. Save or fetch it again.`,
        );
    }
    if (config.os !== undefined && config.os !== "linux") {
        throw new LocalProblem(`'${blobs.name}' is an image for ${config.os}, not for Linux.`);
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
    return new LocalProblem(`'${blobs.name}' is not whole: ${file} is missing. Save or fetch it again.`);
}

/** The hexadecimal digits; the specification has no other algorithm in use. */
function diffIdOf(digest: string | undefined): string {
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest ?? "") ?? [];
    if (hex === undefined) throw new LocalProblem(`The image has a digest that isn't SHA-256: ${digest}.`);
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
    throw new LocalProblem(
        `'${blobs.name}' is damaged: ${fileOf(digest)} isn't what its name says. Save or fetch it again.`,
    );
}

async function json<T extends z.ZodType>(blobs: Blobs, file: string, schema: T): Promise<z.output<T> | undefined> {
    const bytes = await blobs.read(file);
    return bytes === undefined ? undefined : parsed(blobs, file, schema, parse(blobs, file, bytes));
}

function parse(blobs: Blobs, file: string, bytes: Buffer): unknown {
    try {
        return JSON.parse(bytes.toString("utf8"));
    } catch {
        throw new LocalProblem(`'${blobs.name}' is damaged: ${file} is no JSON. Save or fetch it again.`);
    }
}

function parsed<T extends z.ZodType>(blobs: Blobs, file: string, schema: T, value: unknown): z.output<T> {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new LocalProblem(`'${blobs.name}' is no container image: ${file} isn't as the OCI specification has it.`);
}
