import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { buildImage, resolveSource } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { Store } from "../../../../provider/image/store/store";
import { UNKNOWN } from "../../../../provider/schema/values";
import { listing } from "../../listing";
import { placed } from "../../sentences";
import { PROGRAM, workspace } from "../../workspace";
import { type ImageParts, layoutFiles, savedFiles, tarOf, writeFiles } from "./oci-layout";

const HELLO: ImageParts = {
    layers: [{ "usr/bin/": {}, "usr/bin/hello": { mode: 0o755, content: PROGRAM } }],
    config: { Entrypoint: ["/usr/bin/hello"] },
};

beforeEach(() => {
    process.env.PORTABLE_STORE = workspace();
});
afterAll(() => {
    delete process.env.PORTABLE_STORE;
});

async function place(...images: ImageParts[]) {
    const programDirectory = workspace();
    writeFiles(path.join(programDirectory, "image"), await layoutFiles(images));
    return { programDirectory, name: "hello", version: "1" };
}

type Args = Awaited<ReturnType<typeof place>>;

async function said(oci: OciSource, args: Args): Promise<string[]> {
    const { failures, warnings } = await resolveSource({ oci }, args);
    return placed([...failures, ...warnings]).filter((each) => each.startsWith("source.oci"));
}

async function packed(args: Args, oci: OciSource = { layout: "image" }): Promise<string[]> {
    const { file } = await buildImage({ oci }, args, new Store(workspace()));
    return listing(file)
        .map((line) => line.replace(" 0/0", ""))
        .filter((line) => / \/(app|usr\/bin|opt)/.test(line));
}

async function unitText(config: Record<string, unknown>, files = HELLO.layers[0]): Promise<unknown> {
    const args = await place({ layers: [files ?? {}], config });
    const { unitTexts } = await resolveSource({ oci: { layout: "image" } }, args);
    return (unitTexts as Record<string, string>)["hello.service"];
}

describe("layers become one tree", () => {
    test("files are replaced, removed and emptied, links and modes kept", async () => {
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

    test("what another user could read, and what is in the working directory, everyone can", async () => {
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
        "compressed by %s, from a layout, an archive of it, and docker save",
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

    test("a layer is unpacked once, also for another image", async () => {
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
    test("has what the configuration says, quoted as systemd reads it", async () => {
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

    test("gives way to the user's", async () => {
        const args = await place(HELLO);
        const units = [{ name: "hello.service", text: "[Service]\nExecStart=@exe@\n" }];
        const oci = { layout: "image", units, substitutions: { exe: "/usr/bin/hello" } };
        expect((await resolveSource({ oci }, args)).unitTexts).toEqual({
            "hello.service": "[Service]\nExecStart=/usr/bin/hello\n",
        });
    });

    test("names the variables that systemd would drop", async () => {
        const config = { ...HELLO.config, Env: ["A=1", "bad.name=x", "BAD-NAME=y", "NO_VALUE"] };
        expect(await said({ layout: "image" }, await place({ ...HELLO, config }))).toEqual([
            "source.oci: The container image sets bad.name, BAD-NAME, NO_VALUE in ENV: systemd takes variables whose names have letters, digits and _ only, so the service doesn't get them. Let the program take another name, or set it with `env` in ExecStart= of `units`.",
        ]);
    });

    test("comes with what a container has and a portable service hasn't", async () => {
        const config = { ...HELLO.config, ExposedPorts: { "80/tcp": {}, "8080/tcp": {} }, Volumes: { "/data": {} } };
        expect(await said({ layout: "image" }, await place({ ...HELLO, config }))).toEqual([
            "source.oci: The container image exposes 80/tcp: under the default profile a service can't bind ports up to 1023. Let it listen on another port, or give `units` with a socket.",
            "source.oci: The container image has volumes: /data. The image of a portable service is read-only: give `units` with StateDirectory= or BindPaths= where it writes.",
        ]);
    });
});

describe("one of several", () => {
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

    test("is asked for", async () => {
        const args = await place(named("1"), named("2"));
        expect(await said({ layout: "image" }, args)).toEqual([
            "source.oci.layout: 'image' has 2 images: 1, 2. Set `tag` to one of them.",
        ]);
        expect(await said({ layout: "image", tag: "3" }, args)).toEqual([
            "source.oci.layout: 'image' has no image '3', but 1, 2. Correct `tag`.",
        ]);
        const other = await place(named("1", "arm64"), named("1", "riscv64"));
        expect(await said({ layout: "image" }, other)).toEqual([
            "source.oci.layout: 'image' has images for arm64, riscv64, and not one for amd64. Set `architecture` to one of them.",
        ]);
    });
});

describe("what is wrong is said", () => {
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
        const sentences = await said(oci, await place(HELLO));
        expect(sentences[0]?.slice(0, expected.length)).toBe(expected);
    });

    test("nothing to run", async () => {
        expect(await said({ layout: "image" }, await place({ ...HELLO, config: {} }))).toEqual([
            "source.oci: The container image has neither ENTRYPOINT nor CMD, so what to run isn't known. Give `units`.",
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
        expect(await said({ layout: "image" }, args)).toEqual([expect.stringMatching(expected)]);
    });

    test("a path that leads out of the image", async () => {
        const args = await place({ ...HELLO, layers: [{ "../../etc/passwd": "x" }] });
        expect(await said({ layout: "image" }, args)).toEqual([
            "source.oci.layout: A layer of the image has the path '../../etc/passwd', which leads out of it. Don't use this image.",
        ]);
    });

    test("what isn't known yet isn't wrong", async () => {
        const source = { oci: { layout: UNKNOWN } } as Parameters<typeof resolveSource>[0];
        const { failures, sourceDigest, unitTexts } = await resolveSource(source, await place(HELLO));
        expect([failures, sourceDigest, unitTexts]).toEqual([[], UNKNOWN, UNKNOWN]);
    });
});

test("an image of a registry is known by its digest, and fetched by nobody at preview", async () => {
    const reference = `registry.example/hello:1@sha256:${"a".repeat(64)}`;
    const resolved = await resolveSource({ oci: { reference } }, await place(HELLO));
    expect(resolved).toMatchObject({ failures: [], unitTexts: {}, contents: undefined });
    expect(resolved.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
});
