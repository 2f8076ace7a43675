import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { resolveSource } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { UNKNOWN } from "../../../../provider/schema/values";
import { HELLO, messages, place, useOwnStore } from "./oci-images";

useOwnStore();

describe("faults are reported", () => {
    test.each<[string, OciSource, string]>([
        ["nothing", {}, "source.oci: A container image is exactly one of `archive`, `layout` and `reference`."],
        ["two", { layout: "image", archive: "x" }, "source.oci: A container image is exactly one of"],
        ["no such layout", { layout: "nope" }, "source.oci.layout: There is no 'nope'"],
        ["no such archive", { archive: "nope" }, "source.oci.archive: There is no 'nope'"],
        [
            "a file as a layout",
            { layout: "image/index.json" },
            "source.oci.layout: 'image/index.json' is a file. Give it as `archive`; `layout` is a directory.",
        ],
        [
            "no image",
            { layout: "." },
            "source.oci.layout: '.' is no container image: it has neither an index.json nor a manifest.json.",
        ],
        [
            "no archive",
            { archive: "image/index.json" },
            "source.oci.archive: 'image/index.json' is not a whole tar archive: ",
        ],
        [
            "a tag that may move",
            { reference: "docker.io/library/nginx:1.27" },
            "source.oci.reference: 'docker.io/library/nginx:1.27' may be another image tomorrow: pin it by its digest, as NAME@sha256:DIGEST.",
        ],
        ["a short name", { reference: `nginx@sha256:${"a".repeat(64)}` }, "source.oci.reference: 'nginx@sha256:aaaa"],
    ])("%s", async (_, oci, expected) => {
        const sentences = await messages(oci, await place(HELLO));
        expect(sentences[0]?.slice(0, expected.length)).toBe(expected);
    });

    test("an image without a command is reported", async () => {
        expect(await messages({ layout: "image" }, await place({ ...HELLO, config: {} }))).toEqual([
            "source.oci: The container image has neither ENTRYPOINT nor CMD, nor a unit of 'hello', so what to run isn't known. Give `units`.",
        ]);
    });

    test.each([
        [
            "a layer",
            0x1f8b,
            /^source\.oci\.layout: A layer of 'image' is damaged: .+\. Save or fetch the image again\.$/,
        ],
        [
            "a manifest",
            0x7b22,
            /^source\.oci\.layout: 'image' is damaged: blobs\/sha256\/[0-9a-f]+ isn't what its name says\. Save or fetch it again\.$/,
        ],
    ])("%s that was changed", async (_, magic, expected) => {
        const args = await place(HELLO);
        const blobs = path.join(args.programDirectory, "image/blobs/sha256");
        for (const name of readdirSync(blobs)) {
            const bytes = readFileSync(path.join(blobs, name));
            if (bytes.readUInt16BE(0) === magic)
                writeFileSync(path.join(blobs, name), Buffer.concat([bytes, Buffer.from(" ")]));
        }
        expect(await messages({ layout: "image" }, args)).toEqual([expect.stringMatching(expected)]);
    });

    test("a path that leads out of the image is reported", async () => {
        const args = await place({ ...HELLO, layers: [{ "../../etc/passwd": "x" }] });
        expect(await messages({ layout: "image" }, args)).toEqual([
            "source.oci.layout: A layer of the image has the path '../../etc/passwd', which leads out of it. Don't use this image.",
        ]);
    });

    test("unknown values aren't reported", async () => {
        const source = { oci: { layout: UNKNOWN } } as Parameters<typeof resolveSource>[0];
        const { failures, sourceDigest, unitTexts } = await resolveSource(source, await place(HELLO));
        expect([failures, sourceDigest, unitTexts]).toEqual([[], UNKNOWN, UNKNOWN]);
    });
});
