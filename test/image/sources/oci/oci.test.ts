import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { resolveSource } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { HELLO, messages, packed, place, unitText, useOwnStore } from "./oci-images";
import { type ImageParts, layoutFiles, savedFiles, tarOf, writeFiles } from "./oci-layout";

useOwnStore();

describe("layers become one tree", () => {
    test("files are replaced, removed and emptied, and links and modes are kept", async () => {
        const args = await place({
            ...HELLO,
            layers: [
                ...HELLO.layers,
                {
                    "app/": { mode: 0o750 },
                    "app/kept": "1",
                    "app/replaced": "old",
                    "app/removed": "x",
                    "app/emptied/": {},
                    "app/emptied/old": "x",
                    "app/directory/": {},
                    "app/directory/file": "x",
                    "app/file": "x",
                    "app/tool": { mode: 0o4755, content: "tool" },
                    "app/link": { type: "link", linkname: "app/tool" },
                },
                {
                    "app/": { mode: 0o755 },
                    "app/replaced": { mode: 0o600, content: "new" },
                    "app/.wh.removed": "",
                    "app/emptied/new": "x",
                    "app/emptied/.wh..wh..opq": "",
                    "app/directory": "now a file",
                    "app/file/": {},
                    "app/file/inside": "x",
                    "app/hard": { type: "link", linkname: "app/kept" },
                    "app/device": { type: "character-device" },
                    opt: { type: "symlink", linkname: "app" },
                },
                { "opt/behind": "through a link", "app/.wh.never": "" },
            ],
        });
        expect(await packed(args)).toEqual([
            "drwxr-xr-x /app",
            "-rw-r--r-- /app/behind",
            "-rw-r--r-- /app/directory",
            "drwxr-xr-x /app/emptied",
            "-rw-r--r-- /app/emptied/new",
            "drwxr-xr-x /app/file",
            "-rw-r--r-- /app/file/inside",
            "-rw-r--r-- /app/hard",
            "-rw-r--r-- /app/kept",
            "-rwsr-xr-x /app/link",
            "-rw------- /app/replaced",
            "-rwsr-xr-x /app/tool",
            "lrwxrwxrwx /opt -> app",
            "drwxr-xr-x /usr/bin",
            "-rwxr-xr-x /usr/bin/hello",
        ]);
    });

    test("files of the working directory, and files that another user could read, are readable for everyone", async () => {
        const args = await place({
            layers: [
                ...HELLO.layers,
                {
                    "app/": { uid: 1000, mode: 0o700 },
                    "app/key": { uid: 1000, mode: 0o600, content: "x" },
                    "app/su": { uid: 1000, mode: 0o4711, content: "x" },
                    "opt/": { mode: 0o700 },
                    "opt/work/": { mode: 0o700 },
                    "opt/work/main": { mode: 0o600, content: "x" },
                    "opt/other": { mode: 0o600, content: "x" },
                },
            ],
            config: { ...HELLO.config, WorkingDir: "/opt/work" },
        });
        expect(await packed(args)).toEqual([
            "drwxr-xr-x /app",
            "-rw-r--r-- /app/key",
            "-rwxr-xr-x /app/su",
            "drwxr-xr-x /opt",
            "-rw------- /opt/other",
            "drwxr-xr-x /opt/work",
            "-rw-r--r-- /opt/work/main",
            "drwxr-xr-x /usr/bin",
            "-rwxr-xr-x /usr/bin/hello",
        ]);
    });

    test.each(["none", "gzip", "zstd", "frames"] as const)(
        "the same image is read with the compression %s, from a layout, an archive of it, and docker save",
        async (compression) => {
            const args = await place({ ...HELLO, compression });
            const files = await layoutFiles([{ ...HELLO, compression }]);
            writeFileSync(path.join(args.programDirectory, "image.tar"), await tarOf(files));
            writeFileSync(path.join(args.programDirectory, "image.tar.gz"), gzipSync(await tarOf(files)));
            const saved = await tarOf(await savedFiles([{ ...HELLO, tags: ["hello:1"] }]));
            writeFileSync(path.join(args.programDirectory, "saved.tar"), saved);
            const sources: OciSource[] = [
                { layout: "image" },
                { archive: "image.tar" },
                { archive: "image.tar.gz" },
                { archive: "saved.tar" },
            ];
            const resolved = await Promise.all(sources.map((oci) => resolveSource({ oci }, args)));
            expect(resolved.flatMap(({ failures }) => failures)).toEqual([]);
            expect(new Set(resolved.map(({ sourceDigest }) => sourceDigest)).size).toBe(1);
            expect(resolved[0]?.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
        },
    );

    test("a layer is read whole on a machine where opening a file takes long", async () => {
        const { open } = fs;
        const slow = jest.spyOn(fs, "open").mockImplementation(async (...args) => {
            await sleep(200);
            return open(...args);
        });
        try {
            expect(await packed(await place(HELLO))).toContain("-rwxr-xr-x /usr/bin/hello");
            expect(slow).toHaveBeenCalled();
        } finally {
            slow.mockRestore();
        }
    }, 10_000);

    test("a layer is unpacked once, even for several images", async () => {
        const args = await place(HELLO);
        await resolveSource({ oci: { layout: "image" } }, args);
        const blobs = path.join(args.programDirectory, "image/blobs/sha256");
        const before = readdirSync(blobs);
        writeFiles(
            path.join(args.programDirectory, "image"),
            await layoutFiles([{ ...HELLO, layers: [...HELLO.layers, { "app/new": "x" }] }]),
        );
        const layers = readdirSync(blobs).filter(
            (name) => before.includes(name) && readFileSync(path.join(blobs, name)).readUInt16BE(0) === 0x1f8b,
        );
        for (const name of layers) writeFileSync(path.join(blobs, name), "gone");
        expect(await packed(args)).toContain("-rw-r--r-- /app/new");
    });
});

describe("the unit", () => {
    test("has the settings of the configuration, quoted for systemd", async () => {
        expect(
            await unitText({
                Entrypoint: ["/usr/bin/hello", "--name", "a b", "100%", "$HOME", ";", "", 'say "hi"', "back\\slash"],
                Cmd: ["line\nbreak"],
                Env: ["PATH=/usr/bin", "GREETING=Hello, 100% $USER", "bad.name=x"],
                WorkingDir: "/srv//app/",
                User: "app:app",
                ExposedPorts: { "8080/tcp": {} },
                StopSignal: "QUIT",
            }),
        ).toBe(`[Unit]
Description=hello, made from a container image
After=network.target

[Service]
Type=exec
# The image exposes 8080/tcp.
# In a container it runs as app:app.
ExecStart=/usr/bin/hello --name "a b" 100%% $$HOME ";" "" "say \\"hi\\"" "back\\\\slash" "line\\nbreak"
WorkingDirectory=/srv/app
Environment="PATH=/usr/bin"
Environment="GREETING=Hello, 100%% $USER"
KillSignal=SIGQUIT
DynamicUser=yes

[Install]
WantedBy=multi-user.target
`);
    });

    test.each([
        ["from PATH", { Cmd: ["hello"], Env: ["PATH=/opt/bin:/usr/bin"] }, "/usr/bin/hello"],
        ["from the usual directories", { Cmd: ["hello", "world"] }, "/usr/bin/hello world"],
        ["from the working directory", { Cmd: ["./hello"], WorkingDir: "/usr/bin" }, "/usr/bin/hello"],
    ])("finds the program %s", async (_, config, expected) => {
        expect(await unitText(config)).toContain(`\nExecStart=${expected}\n`);
    });

    test("is replaced by the user's unit", async () => {
        const args = await place(HELLO);
        const units = [{ name: "hello.service", text: "[Service]\nExecStart=@exe@\n" }];
        const oci = { layout: "image", units, substitutions: { exe: "/usr/bin/hello" } };
        expect((await resolveSource({ oci }, args)).unitTexts).toEqual({
            "hello.service": "[Service]\nExecStart=/usr/bin/hello\n",
        });
    });

    test("draws a warning for variables that systemd ignores", async () => {
        const config = { ...HELLO.config, Env: ["A=1", "bad.name=x", "BAD-NAME=y", "NO_VALUE"] };
        expect(await messages({ layout: "image" }, await place({ ...HELLO, config }))).toEqual([
            "source.oci: The container image sets bad.name, BAD-NAME, NO_VALUE in ENV: systemd takes NAME=VALUE, and names of letters, digits and _ only, so the service doesn't get them. Let the program take another name, or set it with `env` in ExecStart= of `units`.",
        ]);
    });

    test("draws a warning for settings of a container that a portable service doesn't have", async () => {
        const config = { ...HELLO.config, ExposedPorts: { "80/tcp": {}, "8080/tcp": {} }, Volumes: { "/data": {} } };
        expect(await messages({ layout: "image" }, await place({ ...HELLO, config }))).toEqual([
            "source.oci: The container image exposes 80/tcp: under the default profile a service can't bind ports up to 1023. Let it listen on another port, or give `units` with a socket.",
            "source.oci: The container image has volumes: /data. The image of a portable service is read-only: give `units` with StateDirectory= or BindPaths= where it writes.",
        ]);
    });
});

describe("one of several images", () => {
    const named = (tag: string, architecture = "amd64"): ImageParts => ({
        ...HELLO,
        architecture,
        config: { Entrypoint: ["/usr/bin/hello", tag, architecture] },
        annotations: { "org.opencontainers.image.ref.name": tag },
    });
    test.each<[OciSource, string]>([
        [{ tag: "2" }, "2 amd64"],
        [{ tag: "1", architecture: "arm64" }, "1 arm64"],
        [{ tag: "1" }, "1 amd64"],
    ])("%p", async (choice, expected) => {
        const args = await place(named("1"), named("1", "arm64"), named("2"));
        const { unitTexts, failures } = await resolveSource({ oci: { layout: "image", ...choice } }, args);
        expect(failures).toEqual([]);
        expect((unitTexts as Record<string, string>)["hello.service"]).toContain(`/usr/bin/hello ${expected}\n`);
    });

    test("must be chosen", async () => {
        const args = await place(named("1"), named("2"));
        expect(await messages({ layout: "image" }, args)).toEqual([
            "source.oci.layout: 'image' has 2 images: 1, 2. Set `tag` to one of them.",
        ]);
        expect(await messages({ layout: "image", tag: "3" }, args)).toEqual([
            "source.oci.layout: 'image' has no image '3', but 1, 2. Correct `tag`.",
        ]);
        const other = await place(named("1", "arm64"), named("1", "riscv64"));
        expect(await messages({ layout: "image" }, other)).toEqual([
            "source.oci.layout: 'image' has images for arm64, riscv64, and not one for amd64. Set `architecture` to one of them.",
        ]);
    });
});

test.each<[string, string]>([
    ["1", "hello:1"],
    ["hello:1", "docker.io/library/hello:1"],
    ["docker.io/library/hello:1", "hello:1"],
    ["docker.io/org/hello:1", "org/hello:1"],
    ["hello", "hello:latest"],
    ["hello:1", "localhost/hello:1"],
    ["registry.example:5000/hello:1", "registry.example:5000/hello:1"],
])("the tag %s selects %s", async (tag, name) => {
    const other = { ...HELLO, config: { Cmd: ["/usr/bin/hello", "other"] }, tags: ["other:2", "not-hello:3"] };
    const { programDirectory } = await place(HELLO);
    writeFileSync(
        path.join(programDirectory, "saved.tar"),
        await tarOf(await savedFiles([{ ...HELLO, tags: [name] }, other])),
    );
    const args = { programDirectory, name: "hello", version: "1" };
    expect(await messages({ archive: "saved.tar", tag }, args)).toEqual([]);
    expect(await messages({ archive: "saved.tar", tag: `x${tag}` }, args)).toEqual([
        `source.oci.archive: 'saved.tar' has no image 'x${tag}', but ${name}, other:2, not-hello:3. Correct \`tag\`.`,
    ]);
});

test("an image of a registry is identified by its digest, which a preview doesn't fetch", async () => {
    const reference = `registry.example/hello:1@sha256:${"a".repeat(64)}`;
    const resolved = await resolveSource({ oci: { reference } }, await place(HELLO));
    expect(resolved).toMatchObject({ failures: [], unitTexts: undefined, contents: undefined });
    expect(resolved.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
});
