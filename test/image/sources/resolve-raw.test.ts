import { readFileSync } from "node:fs";
import { buildImage, resolveSource } from "../../../provider/image/image";
import { Problems } from "../../../provider/image/sources/problems";
import { locateImage, type RawSource } from "../../../provider/image/sources/raw";
import { Asset, type Previewed, UNKNOWN } from "../../../provider/schema/values";
import { placed, sentence } from "../sentences";
import { PROGRAM, workspace } from "../workspace";

/** A file with a superblock of squashfs and nothing else of it. */
function squashfs(usedBytes: number, size: number): Buffer {
    const image = Buffer.alloc(size);
    image.write("hsqs");
    image.writeBigUInt64LE(BigInt(usedBytes), 40);
    return image;
}

function withMagic(offset: number, magic: string): Buffer {
    const image = Buffer.alloc(70_000);
    image.write(magic, offset, "latin1");
    return image;
}

const SERVICE = "[Service]\nExecStart=/usr/bin/hello\n";
let image = Buffer.alloc(0);
let digest = "";
const source = {
    files: {
        units: [{ name: "hello.service", text: SERVICE }],
        tree: { "/usr/bin/hello": { content: PROGRAM, mode: "0755" } },
    },
};
beforeAll(async () => {
    const built = await buildImage(source, { name: "hello", version: "1", programDirectory: workspace() });
    image = readFileSync(built.file);
    digest = built.digest;
});

const args = () => ({
    name: "hello",
    version: "1",
    programDirectory: workspace({ "image.raw": image, "short.raw": squashfs(5000, 4096), "text.raw": "hello" }),
});

async function messages(raw: Previewed<RawSource>) {
    const { failures } = await resolveSource({ raw }, args());
    return placed(failures);
}

test.each<[string, () => RawSource]>([
    ["a path", () => ({ path: "image.raw" })],
    ["an asset", () => ({ asset: new Asset({ path: "image.raw" }) })],
    ["a digest", () => ({ path: "image.raw", sha256: digest.toUpperCase() })],
])("is used as it is, given by %s", async (_, source) => {
    const [loadArgs, raw] = [args(), source()];
    const resolved = await resolveSource({ raw }, loadArgs);
    const unitTexts = { "hello.service": SERVICE };
    expect(resolved).toMatchObject({ sourceDigest: digest, unitTexts, failures: [], warnings: [] });
    expect(resolved.contents).toMatchObject({ "/usr/bin/hello": expect.stringMatching(/^0755, 64 B, [0-9a-f]{8}$/) });
    expect(await buildImage({ raw }, { ...loadArgs, sourceDigest: digest })).toEqual({
        file: `${loadArgs.programDirectory}/image.raw`,
        digest,
        sizeBytes: image.length,
        architecture: "x86-64",
        sourceDigest: digest,
        unitTexts,
        contents: resolved.contents,
        warnings: [],
    });
});

test.each([
    ["squashfs", 0, "hsqs"],
    ["erofs", 1024, "\xe2\xe1\xf5\xe0"],
    ["GPT", 512, "EFI PART"],
    ["GPT of 4096-byte sectors", 4096, "EFI PART"],
    ["ext4", 1080, "\x53\xef"],
    ["btrfs", 65600, "_BHRfS_M"],
    ["xfs", 0, "XFSB"],
])("%s is an image", async (_, offset, magic) => {
    const problems = new Problems();
    const programDirectory = workspace({ "image.raw": withMagic(offset, magic) });
    expect(await locateImage({ path: "image.raw" }, [], programDirectory, problems)).toMatchObject({ kind: "ready" });
    expect(problems.failures).toEqual([]);
});

test("an image with an unsupported file system isn't checked, with a warning", async () => {
    const programDirectory = workspace({ "image.raw": withMagic(1080, "\x53\xef") });
    const { failures, warnings } = await resolveSource({ raw: { path: "image.raw" } }, { ...args(), programDirectory });
    expect(failures).toEqual([]);
    expect(warnings.map(sentence)).toEqual([
        "What is in the image wasn't checked: only squashfs and erofs are looked into. Look with `portablectl inspect` on the host.",
    ]);
});

test.each<[string, RawSource, unknown]>([
    [
        "no file",
        { path: "nope.raw" },
        expect.stringMatching(/^source\.raw\.path: There is no 'nope\.raw' \(.*\)\. Make it/),
    ],
    [
        "no image",
        { path: "text.raw" },
        expect.stringMatching(
            /^source\.raw\.path: '.*text\.raw' is not a disk image that portablectl attaches: a squashfs, /,
        ),
    ],
    [
        "half an image",
        { path: "short.raw" },
        expect.stringMatching(/short\.raw' is cut short: 4096 of 5000 bytes are there\. Copy or build it again\.$/),
    ],
    [
        "a text",
        { asset: new Asset({ text: "x" }) },
        "source.raw.asset: A StringAsset can't be an image. Give the image's file.",
    ],
    [
        "two images",
        { path: "a", asset: new Asset({ path: "a" }) },
        "source.raw: A ready image is given as exactly one of `path`, `asset` and `url`.",
    ],
    ["neither", {}, "source.raw: A ready image is given as exactly one of `path`, `asset` and `url`."],
    [
        "a broken digest",
        { path: "nope.raw", sha256: "abc" },
        "source.raw.sha256: A SHA-256 has 64 hexadecimal digits, as `sha256sum` prints it.",
    ],
])("refuses %s", async (_, raw, expected) => {
    expect((await messages(raw))[0]).toEqual(expected);
});

test("refuses an image with another digest", async () => {
    expect(await messages({ path: "image.raw", sha256: "0".repeat(64) })).toEqual([
        `source.raw.sha256: The image's SHA-256 is ${digest}, not ${"0".repeat(64)}. Get the right file, or correct the digest.`,
    ]);
});

test.each<[string, Previewed<RawSource>]>([
    ["the source", UNKNOWN],
    ["the path", { path: UNKNOWN }],
    ["the asset", { asset: UNKNOWN }],
])("%s may be unknown", async (_, raw) => {
    const { sourceDigest, failures } = await resolveSource({ raw }, args());
    expect(sourceDigest).toBe(UNKNOWN);
    expect(failures).toEqual([]);
});

test("files that every image has aren't among the contents, even of a ready image", async () => {
    const files = await resolveSource(source, args());
    const raw = await resolveSource({ raw: { path: "image.raw" } }, args());
    expect(raw.contents).toEqual(files.contents);
});
