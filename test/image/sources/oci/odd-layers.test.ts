import { HELLO, messages, packed, place, unitText, useOwnStore } from "./oci-images";
import { type ImageParts, type LayerEntry, tarOf } from "./oci-layout";

useOwnStore();

const layout = { layout: "image" };
const [hello] = HELLO.layers;

/** A tar with the type and the size of its first entry changed; the sum of a header is checked. */
function retyped(tar: Buffer, type: string, change: (header: Buffer) => void = () => {}): Buffer {
    const changed = Buffer.from(tar);
    changed.write(type, 156);
    change(changed);
    changed.fill(" ", 148, 156);
    const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    changed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return changed;
}

const app = async (...layers: Record<string, LayerEntry>[]) =>
    (await packed(await place({ ...HELLO, layers: [hello, ...layers] }))).filter((line) => line.includes(" /app"));

describe("a layer", () => {
    test("may remove what a device, a pipe or a link to one replaces, and has none of these", async () => {
        expect(
            await app(
                { "app/a": "x", "app/b": "x", "app/c": "x", "app/kept": "x" },
                {
                    "app/a": { type: "character-device" },
                    "app/b": { type: "fifo" },
                    "app/c": { type: "link", linkname: "app/a" },
                },
            ),
        ).toEqual(["drwxr-xr-x /app", "-rw-r--r-- /app/kept"]);
    });

    test.each<[string, Record<string, LayerEntry>]>([
        ["empties it", { "app/link/": {}, "app/link/.wh..wh..opq": "" }],
        ["empties it before it is named", { "app/link/.wh..wh..opq": "", "app/link/": {} }],
        ["removes a file of it", { "app/link/": {}, "app/link/.wh.file": "" }],
    ])("that has a directory in place of a link, and %s, leaves what the link led to", async (_title, layer) => {
        expect(
            await app(
                { "app/real/": {}, "app/real/file": "x", "app/link": { type: "symlink", linkname: "real" } },
                layer,
            ),
        ).toEqual(["drwxr-xr-x /app", "drwxr-xr-x /app/link", "drwxr-xr-x /app/real", "-rw-r--r-- /app/real/file"]);
    });

    test.each<[string, Record<string, LayerEntry>, string[]]>([
        ["a directory by a link", { "app/x": { type: "symlink", linkname: "y" } }, ["lrwxrwxrwx /app/x -> y"]],
        ["a directory by a hard link", { "app/x": { type: "link", linkname: "app/y" } }, ["-rw-r--r-- /app/x"]],
        ["a directory by nothing", { "app/.wh.x": "" }, []],
        ["a directory by an empty one", { "app/x/": {}, "app/x/.wh..wh..opq": "" }, ["drwxr-xr-x /app/x"]],
    ])("may replace %s", async (_title, layer, expected) => {
        const below = { "app/x/": {}, "app/x/deep/": {}, "app/x/deep/file": "x", "app/y": "y" };
        expect(await app(below, layer)).toEqual(["drwxr-xr-x /app", ...expected, "-rw-r--r-- /app/y"]);
    });

    test("may have a hard link to a link, metadata of aufs, and setuid bits", async () => {
        expect(
            await app({
                "app/": {},
                "app/tool": { mode: 0o6755, content: "x" },
                "app/link": { type: "symlink", linkname: "tool" },
                "app/hard": { type: "link", linkname: "app/link" },
                ".wh..wh.aufs": "",
                ".wh..wh.plnk/": {},
            }),
        ).toEqual([
            "drwxr-xr-x /app",
            "lrwxrwxrwx /app/hard -> tool",
            "lrwxrwxrwx /app/link -> tool",
            "-rwsr-sr-x /app/tool",
        ]);
    });

    const withFile = (pax: Record<string, string>) => tarOf({ ...hello, "app/x": { content: "x", pax } });

    test.each<[string, () => Promise<Partial<ImageParts>>]>([
        ["with nothing in it", async () => ({ layers: [hello, Buffer.alloc(1024)] })],
        ["without bytes", async () => ({ layers: [hello, Buffer.alloc(0)] })],
        ["of several members of gzip", async () => ({ compression: "members" })],
        [
            "with a header without magic number",
            async () => ({
                layers: [hello, retyped(await tarOf({ "app/x": "x" }), "0", (header) => header.fill(0, 257, 265))],
            }),
        ],
        [
            "with a file twice",
            async () => ({
                layers: [
                    hello,
                    Buffer.concat([
                        (await tarOf({ "app/x": "old" })).subarray(0, 1024),
                        await tarOf({ "app/x": "new" }),
                    ]),
                ],
            }),
        ],
        [
            "with extended attributes",
            async () => ({ layers: [await withFile({ "SCHILY.xattr.user.a": "a\nb=\u0001" })] }),
        ],
        ["with a size in the extended header", async () => ({ layers: [await withFile({ size: "1" })] })],
    ])("%s is read", async (_title, change) => {
        const args = await place({ ...HELLO, ...(await change()) });
        expect(await messages(layout, args)).toEqual([]);
        expect(await packed(args)).toContain("-rwxr-xr-x /usr/bin/hello");
    });

    test("tells the owner of a file in the extended header", async () => {
        const layer = await tarOf({ "app/x": { mode: 0o600, content: "x", pax: { uid: "3000000" } } });
        const listing = await packed(await place({ ...HELLO, layers: [hello, layer] }));
        expect(listing).toContain("-rw-r--r-- /app/x");
    });

    const SPARSE =
        "source.oci.layout: A layer of the image has 'app/x' as a sparse file or of another kind that isn't read here. Build the image with a tool that writes whole files, such as docker or buildah.";
    test.each<[string, () => Promise<Buffer>, string]>([
        ["a sparse file of GNU tar", async () => retyped(await tarOf({ "app/x": "x" }), "S"), SPARSE],
        [
            "a sparse file of POSIX tar",
            () => tarOf({ "app/x": { content: "x", pax: { "GNU.sparse.major": "1" } } }),
            SPARSE,
        ],
        [
            "a name that isn't UTF-8",
            async () => retyped(await tarOf({ "app/x": "x" }), "0", (header) => header.writeUInt8(0xe9, 4)),
            "source.oci.layout: A layer of the image has the name 'app/\uFFFD', which isn't UTF-8. Rename or remove it where the image is built.",
        ],
        [
            "a link to a name that isn't UTF-8",
            async () =>
                retyped(await tarOf({ "app/x": { type: "symlink", linkname: "y" } }), "2", (header) =>
                    header.writeUInt8(0xe9, 157),
                ),
            "source.oci.layout: A layer of the image has the name '\uFFFD', which isn't UTF-8. Rename or remove it where the image is built.",
        ],
    ])("with %s is refused", async (_title, layer, expected) => {
        expect(await messages(layout, await place({ ...HELLO, layers: [hello, await layer()] }))).toEqual([expected]);
    });
});

describe("of the configuration", () => {
    test.each([
        ["SIGQUIT", "SIGQUIT"],
        ["quit", "SIGQUIT"],
        ["3", "3"],
        ["SIGRTMIN+3", "SIGRTMIN+3"],
    ])("STOPSIGNAL %s is KillSignal=%s", async (signal, expected) => {
        expect(await unitText({ ...HELLO.config, StopSignal: signal })).toContain(`\nKillSignal=${expected}\n`);
    });

    test("what isn't a signal, and what a comment can't hold, adds no line to the unit", async () => {
        const odd = { StopSignal: "15\nExecStartPre=/bin/a", User: "a\nb", ExposedPorts: { "8080\n[Install]": {} } };
        const [before, after] = [
            await unitText({ ...HELLO.config, User: "a", ExposedPorts: { 8080: {} } }),
            await unitText({ ...HELLO.config, ...odd }),
        ];
        expect(String(after).split("\n").length).toBe(String(before).split("\n").length);
        expect(
            await messages(layout, await place({ ...HELLO, config: { ...HELLO.config, StopSignal: "77" } })),
        ).toEqual([
            "source.oci: The container image has STOPSIGNAL 77, which is no signal, so the service is stopped with SIGTERM. Give `units` with KillSignal= if it needs another one.",
        ]);
    });

    test.each([
        [["CMD", "curl"], true],
        [["CMD-SHELL", "curl x"], true],
        [["NONE"], false],
        [[], false],
    ])("a HEALTHCHECK of %j is named: %s", async (test, isNamed) => {
        const said = await messages(
            layout,
            await place({ ...HELLO, config: { ...HELLO.config, Healthcheck: { Test: test } } }),
        );
        expect(said).toEqual(
            isNamed
                ? [
                      "source.oci: The container image has a HEALTHCHECK, which nothing runs for a portable service. Give the AttachedService a `health` check.",
                  ]
                : [],
        );
    });
});
