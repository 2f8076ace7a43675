import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { buildImage, resolveSource } from "../../../provider/image/image";
import type { Source } from "../../../provider/image/sources/source";
import { Store } from "../../../provider/image/store/store";
import { UNKNOWN } from "../../../provider/schema/values";
import { placed } from "../sentences";
import { PROGRAM, workspace } from "../workspace";
import { flake, privateNix } from "./nix/nix-store";
import { layoutFiles, writeFiles } from "./oci/oci-layout";

privateNix();

const web = [
    {
        name: "hello.service",
        text: "[Unit]\nAfter=hello-web@1.socket\n[Service]\nExecStart=/usr/bin/hello\nStateDirectory=hello\nUser=hello\n",
    },
    { name: "hello-web@.socket", text: "[Socket]\nListenStream=80\nService=hello.service\n" },
];
const renamed = {
    "hello-staging.service":
        "[Unit]\nAfter=hello-staging-web@1.socket\n[Service]\nExecStart=/usr/bin/hello\nStateDirectory=hello-staging\nUser=hello-staging\n",
    "hello-staging-web@.socket": "[Socket]\nListenStream=80\nService=hello-staging.service\n",
};
const files = (units: { name: string; text: string }[], tree = {}): Source => ({
    files: { units, tree: { "/usr/bin/hello": { content: PROGRAM, mode: "0755" }, ...tree } },
});
const args = { name: "hello", version: "1", instance: "staging", programDirectory: "/" };

const newStore = () => new Store(workspace());
const cat = (file: string, name: string) => execFileSync("unsquashfs", ["-cat", file, name], { encoding: "utf8" });
const paths = (file: string) => execFileSync("unsquashfs", ["-l", "-d", "", file], { encoding: "utf8" }).split("\n");

async function messages(source: Source, over: Partial<Parameters<typeof resolveSource>[1]> = {}): Promise<string[]> {
    const { failures, warnings } = await resolveSource(source, { ...args, ...over });
    return placed([...failures, ...warnings]);
}

describe("an instance can be made from", () => {
    test("files: its units, references to them, os-release and mount points are renamed, as the preview shows", async () => {
        const source = files(web);
        const resolved = await resolveSource(source, args);
        expect(resolved).toMatchObject({ failures: [], warnings: [], unitTexts: renamed });
        expect(Object.keys(resolved.contents as object)).toEqual(["/usr/bin/hello", "total"]);
        const { file, sourceDigest } = await buildImage(source, args, newStore());
        expect(sourceDigest).toBe(resolved.sourceDigest);
        expect(paths(file).filter((path) => path.includes("hello"))).toEqual([
            "/etc/hello-staging",
            "/usr/bin/hello",
            "/usr/lib/systemd/system/hello-staging-web@.socket",
            "/usr/lib/systemd/system/hello-staging.service",
            "/var/cache/hello-staging",
            "/var/lib/hello-staging",
            "/var/log/hello-staging",
        ]);
        expect(cat(file, "usr/lib/os-release")).toContain("PORTABLE_PREFIXES=hello-staging\n");
        expect(cat(file, "usr/lib/systemd/system/hello-staging.service")).toBe(renamed["hello-staging.service"]);
    });

    test("files: the digest of the source differs between instances and is the same for one", async () => {
        const digest = async (instance?: string) =>
            (await resolveSource(files(web), { ...args, instance })).sourceDigest;
        const digests = [await digest(), await digest("staging"), await digest("test"), await digest("staging")];
        expect(new Set(digests).size).toBe(3);
        expect(digests[3]).toBe(digests[1]);
    });

    test("directory: units in every directory and the prefixes in os-release are renamed", async () => {
        const system = "usr/lib/systemd/system";
        const directory = workspace({
            "tree/usr/lib/os-release": 'ID=debian\nPORTABLE_PREFIXES="other hello"\n',
            "tree/etc/machine-id": "",
            "tree/etc/resolv.conf": "",
            "tree/usr/bin/hello": PROGRAM,
            [`tree/${system}/hello-job.service`]: "[Service]\nExecStart=/usr/bin/hello\n",
            "tree/etc/systemd/system/hello-job.service": "[Service]\nType=exec\nExecStart=/usr/bin/hello\n",
            [`tree/${system}/hello-job.timer`]: "[Timer]\nOnBootSec=1\nUnit=hello-job.service\n",
            [`tree/${system}/getty.service`]: "[Unit]\nAfter=hello-job.service\n",
        });
        for (const mountPoint of ["dev", "proc", "sys", "run", "tmp", "var/tmp"])
            mkdirSync(path.join(directory, "tree", mountPoint), { recursive: true });
        const { file, unitTexts } = await buildImage(
            { directory: { path: "tree", units: web } },
            { ...args, programDirectory: directory },
            newStore(),
        );
        expect(unitTexts).toEqual({
            ...renamed,
            "hello-staging-job.service": "[Service]\nType=exec\nExecStart=/usr/bin/hello\n",
            "hello-staging-job.timer": "[Timer]\nOnBootSec=1\nUnit=hello-staging-job.service\n",
        });
        expect(cat(file, "usr/lib/os-release")).toBe('ID=debian\nPORTABLE_PREFIXES="other hello-staging"\n');
        expect(cat(file, `${system}/getty.service`)).toContain("After=hello-job.service");
        expect(paths(file).filter((path) => /\/hello-job/.test(path))).toEqual([]);
    });

    test("closure: units are renamed as the preview shows", async () => {
        const closure = {
            programs: { hello: ".#hello" },
            units: ["hello.service"],
            substitutions: { helloExe: "@hello@/bin/hello" },
        };
        const here = { ...args, programDirectory: flake("hello") };
        const { unitTexts, failures } = await resolveSource({ closure }, here);
        expect([failures, Object.keys(unitTexts as object)]).toEqual([[], ["hello-staging.service"]]);
        const built = await buildImage({ closure }, here, newStore());
        expect(built.unitTexts).toEqual(unitTexts);
        expect(paths(built.file).filter((path) => /system\/hello/.test(path))).toEqual([
            "/usr/lib/systemd/system/hello-staging.service",
        ]);
    });

    test("oci: the unit made from the configuration is renamed", async () => {
        const directory = workspace();
        const layer = { "usr/bin/": {}, "usr/bin/hello": { mode: 0o755, content: PROGRAM } };
        const image = { layers: [layer], config: { Entrypoint: ["/usr/bin/hello"] } };
        writeFiles(path.join(directory, "image"), await layoutFiles([image]));
        const { unitTexts } = await resolveSource(
            { oci: { layout: "image" } },
            { ...args, programDirectory: directory },
        );
        expect(unitTexts).toEqual({
            "hello-staging.service": expect.stringContaining("ExecStart=/usr/bin/hello\n"),
        });
    });

    test("an extension: its own name and the prefix of its base image are renamed", async () => {
        const source = files([{ name: "hello-more.service", text: "[Service]\nExecStart=/usr/bin/hello\n" }]);
        const more = { ...args, name: "more", extends: "hello" };
        const { file, unitTexts } = await buildImage(source, more, newStore());
        expect(Object.keys(unitTexts)).toEqual(["hello-staging-more.service"]);
        expect(paths(file)).toContain("/usr/lib/extension-release.d/extension-release.more-staging");
    });
});

describe("refused is", () => {
    const ready =
        "instance: A ready image has the units it was built with, so it can't become an instance. Build it under the other name, and leave `instance` out; or use `files`, `directory`, `closure` or `oci`.";
    test("a ready image, from a file, a URL, or built by nix", async () => {
        const programDirectory = workspace({ "hello.raw": "" });
        expect(await messages({ raw: { path: "hello.raw" } }, { programDirectory })).toContain(ready);
        const url = { url: "https://localhost/hello.raw", sha256: "0".repeat(64) };
        expect(await messages({ raw: url })).toEqual([ready]);
        expect(await messages({ nix: { installable: ".#image" } }, { programDirectory: flake("hello") })).toEqual([
            ready,
        ]);
    });

    test.each(["", "a_b", "-a", "a.b", "ä", "a/b"])("the name %j", async (instance) => {
        expect(await messages(files(web), { instance })).toEqual([
            `instance: Instance '${instance}' can't be the end of an image's name: use letters, digits and dashes, and start with a letter or digit.`,
        ]);
    });

    test("a name that is too long", async () => {
        expect(await messages(files(web), { instance: "a".repeat(200) })).toEqual([
            "name: Name and version have 207 characters together, and only 200 fit in a file name. Shorten them.",
        ]);
    });

    test("a unit whose new name is that of another unit", async () => {
        const units = ["hello.service", "hello-staging.service"].map((name) => ({
            name,
            text: "[Service]\nExecStart=/usr/bin/hello\n",
        }));
        // Both units are renamed, so their names don't collide.
        expect(await messages(files(units))).toEqual([]);
        const tree = { "/usr/lib/systemd/system/hello-staging.service": { directory: true } };
        expect(await messages(files(units.slice(0, 1), tree))).toEqual([
            "instance: /usr/lib/systemd/system/hello-staging.service is a directory that holds other files, so it can't be a file too. Remove one of them.",
        ]);
    });
});

test("with an unknown instance, digest and unit texts are unknown", async () => {
    const { sourceDigest, unitTexts, contents, failures } = await resolveSource(files(web), {
        ...args,
        instance: UNKNOWN,
    });
    expect([sourceDigest, unitTexts, contents, failures]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN, []]);
});

test("resources that two instances would share draw a warning", async () => {
    const text = [
        "[Service]",
        "StateDirectory=hello",
        "RuntimeDirectory=hello-run",
        "CacheDirectory=other",
        "ExecStart=/usr/bin/hello --data=/var/lib/hello/db /var/cache/other",
        "Environment=SOCKET=/run/hello-run/s A=/run/hello B=/srv/var/lib/hello C=/var/lib/hello-staging",
        "WorkingDirectory=%S/hello",
        "ReadWritePaths=/var/lib/hellos",
        "User=www-data",
        "SupplementaryGroups=hello ssl",
        "[Install]",
        "WantedBy=multi-user.target",
        "Alias=www.service hello-x.service",
        "",
    ].join("\n");
    const todo =
        "Write what follows its name: $STATE_DIRECTORY and its like in Exec lines (systemd.exec(5)), %S/%N elsewhere.";
    expect((await messages(files([{ name: "hello.service", text }]))).filter((path) => /instance/.test(path))).toEqual([
        "source.files: hello-staging.service:4: CacheDirectory= is other in every instance, and all of them share /var/cache/other. Name it after the unit, as with %N, or make it a variable in the unit.",
        `source.files: hello-staging.service:5: ExecStart= names /var/lib/hello, and the directory of this instance is /var/lib/hello-staging. ${todo}`,
        `source.files: hello-staging.service:6: Environment= names /run/hello-run, and the directory of this instance is /run/hello-staging-run. ${todo}`,
        `source.files: hello-staging.service:7: WorkingDirectory= names /var/lib/hello, and the directory of this instance is /var/lib/hello-staging. ${todo}`,
        "source.files: hello-staging.service:10: SupplementaryGroups= is hello in every instance, as no unit of the image has it as its User= or Group=. Make it a variable in the unit if each instance shall have its own.",
        "source.files: hello-staging.service:13: Alias= is www.service in every instance, and one host has that once. Remove it, or make it a variable in the unit.",
    ]);
});
