import type { Blobs } from "../../../../provider/image/sources/oci/blobs";
import { findImage, type OciImage } from "../../../../provider/image/sources/oci/image";
import { platformOf, platformText } from "../../../../provider/image/sources/oci/platform";
import { sha256 } from "./oci-layout";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

interface Descriptor {
    mediaType?: string;
    digest: string;
    platform?: Record<string, string>;
    annotations?: Record<string, string>;
    artifactType?: string;
}

/** Builds a layout in memory. */
class Layout {
    readonly files: Record<string, Buffer> = {};

    blob(value: unknown, mediaType: string): Descriptor {
        const bytes = Buffer.from(JSON.stringify(value));
        this.files[`blobs/sha256/${sha256(bytes)}`] = bytes;
        return { mediaType, digest: `sha256:${sha256(bytes)}` };
    }

    /** Adds an image whose command is its name. */
    image(name: string, platform: string, more: Partial<Descriptor> = {}): Descriptor {
        const [os = "", architecture = "", variant] = platform.split("/");
        const parts = { os, architecture, ...(variant !== undefined && { variant }) };
        const config = this.blob({ ...parts, config: { Cmd: [name] }, rootfs: { diff_ids: [] } }, "config");
        const made = this.blob({ config, layers: [] }, MANIFEST);
        return { ...made, platform: parts, ...more };
    }

    index(manifests: Descriptor[], more: Partial<Descriptor> = {}): Descriptor {
        return { ...this.blob({ schemaVersion: 2, manifests }, INDEX), ...more };
    }

    find(manifests: Descriptor[], choice: { tag?: string; architecture?: string } = {}): Promise<OciImage> {
        const files = { ...this.files, "index.json": Buffer.from(JSON.stringify({ manifests })) };
        const blobs: Blobs = {
            name: "image",
            read: async (file) => files[file as keyof typeof files],
            stream: async () => undefined,
        };
        return findImage(blobs, choice);
    }
}

const named = (name: string) => ({ annotations: { "io.containerd.image.name": name } });

/** The command of the image that is chosen, or the failure. */
async function found(images: (layout: Layout) => Descriptor[], choice?: { tag?: string; architecture?: string }) {
    const layout = new Layout();
    return layout.find(images(layout), choice).then(
        ({ run }) => run.Cmd?.[0],
        (error: Error) => error.message,
    );
}

const ARM = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"];
const all = (platforms: string[]) => (layout: Layout) => platforms.map((platform) => layout.image(platform, platform));
const WITH_WINDOWS = [
    "linux/amd64",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/arm64/v8",
    "windows/amd64",
    "windows/arm64",
];
const attestation = (layout: Layout) =>
    layout.image("attestation", "unknown/unknown", {
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    });

describe("the image for an architecture", () => {
    test.each<[string | undefined, string[], string]>([
        [undefined, WITH_WINDOWS, "linux/amd64"],
        ["arm/v7", WITH_WINDOWS, "linux/arm/v7"],
        ["arm/v6", WITH_WINDOWS, "linux/arm/v6"],
        ["linux/arm/v7", WITH_WINDOWS, "linux/arm/v7"],
        ["arm", WITH_WINDOWS, "linux/arm/v7"],
        ["armhf", WITH_WINDOWS, "linux/arm/v7"],
        ["arm64", WITH_WINDOWS, "linux/arm64/v8"],
        ["arm64/v8", WITH_WINDOWS, "linux/arm64/v8"],
        ["aarch64", WITH_WINDOWS, "linux/arm64/v8"],
        ["x86_64", WITH_WINDOWS, "linux/amd64"],
        ["arm/v8", ARM, "linux/arm/v7"],
        ["arm/v6", ["linux/arm/v5", "linux/arm/v7"], "linux/arm/v5"],
        ["arm", ["linux/arm", "linux/arm/v6"], "linux/arm"],
        ["amd64", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"],
        ["amd64/v3", ["linux/amd64/v2", "linux/amd64"], "linux/amd64/v2"],
        ["amd64", ["linux/386", "linux/amd64"], "linux/amd64"],
        ["riscv64", ["linux/riscv64", "linux/amd64"], "linux/riscv64"],
    ])("%s of %j", async (architecture, platforms, expected) => {
        expect(await found(all(platforms), { architecture })).toBe(expected);
    });

    test.each<[string | undefined, string[], string]>([
        [
            "arm/v5",
            ["linux/arm/v6", "linux/arm/v7"],
            "'image' has images for arm/v6, arm/v7, and not one for arm/v5. Set `architecture` to one of them.",
        ],
        [
            undefined,
            ["linux/arm64", "windows/amd64"],
            "'image' has images for arm64, windows/amd64, and not one for amd64. Set `architecture` to one of them.",
        ],
        [
            "amd64",
            ["linux/arm64"],
            "'image' has an image for arm64, and not one for amd64. Set `architecture` to one of them.",
        ],
        [
            "amd64",
            ["linux/amd64/v3", "linux/386"],
            "'image' has images for amd64/v3, 386, and not one for amd64. Set `architecture` to one of them.",
        ],
        [
            undefined,
            ["windows/amd64", "windows/arm64"],
            "'image' has images for windows/amd64, windows/arm64, and not one for amd64. A portable service runs on Linux: save an image for it.",
        ],
        [undefined, ["windows/amd64"], "'image' is an image for windows, not for Linux."],
    ])("%s isn't among %j", async (architecture, platforms, expected) => {
        expect(await found(all(platforms), { architecture })).toBe(expected);
    });

    test("a single image is chosen if no architecture is declared", async () => {
        expect(await found(all(["linux/arm64"]))).toBe("linux/arm64");
    });

    test("is chosen by the configuration if the index has no platform", async () => {
        const images = (layout: Layout) =>
            ["linux/amd64", "linux/arm64"].map((platform) => layout.image(platform, platform, { platform: undefined }));
        expect(await found(images, { architecture: "arm64" })).toBe("linux/arm64");
    });
});

describe("entries beside images are ignored", () => {
    test.each<[string, (layout: Layout) => Descriptor[]]>([
        ["an attestation", (layout) => [layout.image("it", "linux/arm64"), attestation(layout)]],
        [
            "one without its annotation",
            (layout) => [layout.image("it", "linux/amd64"), layout.image("no", "unknown/unknown")],
        ],
        [
            "one whose platform is that of the image",
            (layout) => [
                layout.image("it", "linux/amd64"),
                { ...attestation(layout), platform: { os: "linux", architecture: "amd64" } },
            ],
        ],
        [
            "a signature",
            (layout) => [
                layout.image("it", "linux/amd64"),
                layout.image("no", "linux/amd64", { artifactType: "application/vnd.dev.cosign" }),
            ],
        ],
        [
            "another kind of blob",
            (layout) => [
                layout.image("it", "linux/amd64"),
                layout.blob({}, "application/vnd.oci.artifact.manifest.v1+json"),
            ],
        ],
    ])("%s", async (_, images) => {
        expect(await found(images)).toBe("it");
    });
});

describe("indexes within an index", () => {
    const nested = (layout: Layout, more: Partial<Descriptor> = {}, prefix = "") =>
        layout.index(
            [
                ...["linux/amd64", "linux/arm64", "windows/amd64"].map((platform) =>
                    layout.image(prefix + platform, platform),
                ),
                attestation(layout),
            ],
            more,
        );

    test("may have no tag", async () => {
        expect(await found((layout) => [nested(layout)])).toBe("linux/amd64");
        expect(await found((layout) => [nested(layout)], { architecture: "arm64" })).toBe("linux/arm64");
    });

    test("may have no media type", async () => {
        expect(await found((layout) => [nested(layout, { mediaType: undefined })])).toBe("linux/amd64");
    });

    test("may be nested on several levels", async () => {
        expect(await found((layout) => [layout.index([layout.index([nested(layout)])])])).toBe("linux/amd64");
    });

    test("pass their tags on to their images", async () => {
        const images = (layout: Layout) => [
            nested(layout, named("docker.io/library/hello:1.0"), "1 "),
            nested(layout, named("docker.io/library/hello:2.0"), "2 "),
        ];
        expect(await found(images, { tag: "hello:2.0", architecture: "arm64" })).toBe("2 linux/arm64");
        expect(await found(images, { tag: "library/hello:1.0" })).toBe("1 linux/amd64");
        expect(await found(images)).toBe(
            "'image' has 2 images: docker.io/library/hello:1.0, docker.io/library/hello:2.0. Set `tag` to one of them.",
        );
    });

    test("an image with two tags is unambiguous", async () => {
        const images = (layout: Layout) => [nested(layout, named("hello:1")), nested(layout, named("hello:latest"))];
        expect(await found(images)).toBe("linux/amd64");
    });

    test("two images without tags are ambiguous", async () => {
        expect(await found((layout) => [layout.image("a", "linux/amd64"), layout.image("b", "linux/amd64")])).toBe(
            "'image' has 2 images without a tag, and nothing says which is meant. Save the one that is meant alone, or with a tag.",
        );
    });

    test("images whose blobs are missing are reported", async () => {
        const images = (layout: Layout) => {
            const made = ["linux/amd64", "linux/arm64"].map((platform) => layout.image(platform, platform));
            delete layout.files[`blobs/sha256/${made[0]?.digest.slice("sha256:".length)}`];
            return [layout.index(made)];
        };
        expect(await found(images, { architecture: "arm64" })).toBe("linux/arm64");
        expect(await found(images)).toBe(
            "'image' names an image for amd64 and doesn't hold it, only the one for arm64. Save it again with its platform, or set `architecture`.",
        );
    });
});

test.each([
    ["x86_64", "amd64"],
    ["ARM64", "arm64"],
    ["arm/7", "arm/v7"],
    ["i686", "386"],
    ["arm64/v9", "arm64/v9"],
    ["linux/riscv64", "riscv64"],
])("%s is %s", (written, expected) => {
    expect(platformText(platformOf(written))).toBe(expected);
});
