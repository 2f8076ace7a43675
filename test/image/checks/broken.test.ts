import { createHash } from "node:crypto";
import { closeSync, openSync, statSync, truncateSync, writeSync } from "node:fs";
import path from "node:path";
import { buildImage, resolveSource } from "../../../provider/image/image";
import { placed, sentence } from "../sentences";
import { BROKEN, program } from "./broken-images";
import { KINDS, sourceOf } from "./os-tree";

const ROWS = BROKEN.flatMap(([what, changes, sentence, kinds = [...KINDS]]) =>
    // mkfs.erofs and fsck.erofs are slow, so erofs is tested with every third row only.
    kinds
        .filter((kind) => kind !== "erofs" || sentence.length % 3 === 0)
        .map((kind) => [kind, what, changes, sentence] as const),
);

test("there are at least 20 broken images, each with its own finding", () => {
    expect(BROKEN.length).toBeGreaterThanOrEqual(20);
    expect(new Set(BROKEN.map(([, , sentence]) => sentence)).size).toBe(BROKEN.length);
});

test.each(ROWS)("%s: %s is the only finding, before anything is uploaded", async (kind, _, changes, sentence) => {
    const { programDirectory, source } = await sourceOf(kind, changes);
    const { failures } = await resolveSource(source, { name: "hello", version: "1", programDirectory });
    const place = kind === "erofs" ? "raw" : kind;
    expect(placed(failures)).toEqual([`source.${place}: ${sentence}`]);
});

test.each(KINDS)("%s: a complete image has no findings", async (kind) => {
    const { programDirectory, source } = await sourceOf(kind, {});
    const { failures, warnings } = await resolveSource(source, { name: "hello", version: "1", programDirectory });
    expect([...failures, ...warnings]).toEqual([]);
});

test.each(["raw", "erofs"] as const)("%s: a truncated image is reported", async (kind) => {
    const { programDirectory, source } = await sourceOf(kind, { "/usr/share/noise": noise(5000) });
    const file = path.join(programDirectory, "image.raw");
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const { failures } = await resolveSource(source, { name: "hello", version: "1", programDirectory });
    expect(failures).toHaveLength(1);
    expect(failures.map(sentence).join()).toMatch(/is cut short: \d+ of \d+ bytes|^The image is a damaged erofs/);
});

test("an image with wrong bytes in the middle is reported", async () => {
    const { programDirectory, source } = await sourceOf("raw", { "/usr/share/noise": noise(5000).toString("base64") });
    const file = path.join(programDirectory, "image.raw");
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(2000, 0xff), 0, 2000, statSync(file).size / 2);
    closeSync(handle);
    const { failures } = await resolveSource(source, { name: "hello", version: "1", programDirectory });
    expect(placed(failures)).toEqual([
        expect.stringMatching(/^source\.raw: The image is a damaged squashfs \(.*\)\. Copy or build it again\.$/),
    ]);
});

test("findings that need a build stop `up` before the upload", async () => {
    const { programDirectory, source } = await sourceOf("directory", program({ content: "", mode: 0o755 }));
    await expect(buildImage(source, { name: "hello", version: "1", programDirectory })).rejects.toThrow(
        "property source.directory: hello.service:2: ExecStart= runs /usr/bin/hello, an empty file. Build it again.",
    );
});

/** Incompressible bytes, the same each time. */
function noise(blocks: number): Buffer {
    return Buffer.concat(
        Array.from({ length: blocks }, (_, index) => createHash("sha512").update(`${index}`).digest()),
    );
}
