import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { buildImage, previewImage, resolveSource } from "../../../../provider/image/image";
import type { ClosureSource } from "../../../../provider/image/sources/nix/schema";
import { Store } from "../../../../provider/image/store/store";
import { type Previewed, UNKNOWN } from "../../../../provider/schema/values";
import { listing } from "../../listing";
import { placed } from "../../sentences";
import { workspace } from "../../workspace";
import { flake, privateNix } from "./nix-store";

const storeDirectory = privateNix();

/** The article's hello and socket-activated cowsay, with unit files that have variables. */
const HELLO: ClosureSource = {
    programs: { hello: ".#hello" },
    units: ["hello.service"],
    substitutions: { helloExe: "@hello@/bin/hello" },
};
const COWSAY: ClosureSource = {
    programs: { cowsay: ".#cowsay" },
    units: ["cowsay@.service", "cowsay.socket"],
    substitutions: { cowsayExe: "@cowsay@/bin/cowsay" },
};

async function failures(closure: Previewed<ClosureSource>, name = "hello"): Promise<string[]> {
    const args = { name, version: "1.0", programDirectory: flake("hello") };
    return placed((await resolveSource({ closure }, args)).failures);
}

test("a preview shows the units with store paths, and builds nothing", async () => {
    const args = { name: "hello", version: "1.0", programDirectory: flake("hello") };
    const resolved = await resolveSource({ closure: HELLO }, args);
    expect(resolved).toMatchObject({
        sourceDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        failures: [],
        warnings: [],
    });
    const { "hello.service": text } = resolved.unitTexts as Record<string, string>;
    expect(text).toMatch(/^ExecStart=\S*\/nix\/store\/[a-z0-9]{32}-hello-1\.0\/bin\/hello$/m);
    expect(await previewImage({ closure: HELLO }, args)).toBeUndefined();
});

test("the digest is the same in another directory, and changes with a program or a unit", async () => {
    const digest = async (change: (directory: string) => void = () => {}) => {
        const programDirectory = flake("hello");
        change(programDirectory);
        return (await resolveSource({ closure: HELLO }, { name: "hello", version: "1.0", programDirectory }))
            .sourceDigest;
    };
    const write = (name: string, text: string) => (directory: string) =>
        writeFileSync(path.join(directory, name), text);
    const unchanged = await digest();
    expect(await digest()).toBe(unchanged);
    expect(await digest(write("hello.c", "int main(void) { return 0; }"))).not.toBe(unchanged);
    expect(await digest(write("hello.service", "[Service]\nExecStart=@helloExe@ -x\n"))).not.toBe(unchanged);
    expect(await digest(write("cowsay.c", "int main(void) { return 0; }"))).toBe(unchanged);
});

test("the image has the closure of its programs, its units, and files that every program needs", async () => {
    const args = { name: "hello", version: "1.0", programDirectory: flake("hello") };
    const store = new Store(workspace());
    const image = await buildImage({ closure: HELLO }, args, store);
    const files = listing(image.file).map((line) =>
        line.replace(storeDirectory, "/nix/store").replace(/\/[a-z0-9]{32}-/, "/HASH-"),
    );
    expect(files).toEqual(
        expect.arrayContaining([
            "-rwxr-xr-x 0/0 /nix/store/HASH-hello-1.0/bin/hello",
            "-rw-r--r-- 0/0 /nix/store/HASH-greeting",
            "-rwxr-xr-x 0/0 /nix/store/HASH-libc/lib/libc.so.6",
            "-rw-r--r-- 0/0 /usr/lib/systemd/system/hello.service",
            "lrwxrwxrwx 0/0 /etc/os-release -> ../usr/lib/os-release",
            "drwxr-xr-x 0/0 /var/lib/hello",
        ]),
    );
    expect(files.filter((line) => /\/nix\/store\/[^/]+$/.test(line))).toHaveLength(3);

    const again = await buildImage({ closure: HELLO }, args, new Store(workspace()));
    expect(again.digest).toBe(image.digest);
});

test("a template keeps its @, and a program's store path can be substituted", async () => {
    const programDirectory = flake("hello");
    const source: ClosureSource = {
        ...COWSAY,
        units: [
            "cowsay@.service",
            "cowsay.socket",
            { name: "cowsay-known.service", text: "[Service]\nExecStart=/bin/cowsay\n" },
        ],
        tree: {
            "/bin/cowsay": { symlink: "@cowsay@/bin/cowsay" },
            "/etc/cowsay.conf": { content: "program = @cowsay@/bin/cowsay, mail = moo@farm@example.org\n" },
        },
    };
    const image = await buildImage(
        { closure: source },
        { name: "cowsay", version: "1", programDirectory },
        new Store(workspace()),
    );
    expect(Object.keys(image.unitTexts)).toEqual(["cowsay@.service", "cowsay.socket", "cowsay-known.service"]);
    const [, storePath] = /^ExecStart=(.*)\/bin\/cowsay$/m.exec(image.unitTexts["cowsay@.service"] as string) ?? [];
    const files = listing(image.file);
    expect(files).toContain("-rw-r--r-- 0/0 /usr/lib/systemd/system/cowsay@.service");
    expect(files).toContain(`lrwxrwxrwx 0/0 /bin/cowsay -> ${storePath}/bin/cowsay`);
    expect(execFileSync("unsquashfs", ["-cat", image.file, "etc/cowsay.conf"], { encoding: "utf8" })).toBe(
        `program = ${storePath}/bin/cowsay, mail = moo@farm@example.org\n`,
    );
});

test("`up` reports programs of a unit that aren't in the closure", async () => {
    const source = { ...HELLO, substitutions: { helloExe: "@hello@/bin/hallo" } };
    const args = { name: "hello", version: "1", programDirectory: flake("hello") };
    expect((await resolveSource({ closure: source }, args)).failures).toEqual([]);
    await expect(buildImage({ closure: source }, args, new Store(workspace()))).rejects.toThrow(
        /^property source\.closure: hello\.service:6: ExecStart= runs \S+\/nix\/store\/\S+-hello-1\.0\/bin\/hallo, /,
    );
});

test("programs can be attributes of a file", async () => {
    const source: ClosureSource = {
        file: "default.nix",
        programs: { script: "script" },
        units: [{ name: "hello.service", text: "[Service]\nExecStart=-@script@\n" }],
    };
    const args = { name: "hello", version: "1", programDirectory: flake("hello") };
    const { file } = await buildImage({ closure: source }, args, new Store(workspace()));
    expect(listing(file).filter((line) => line.includes("/nix/store/"))).toEqual([
        expect.stringMatching(/^-rwxr-xr-x 0\/0 \S+\/nix\/store\/[a-z0-9]{32}-hello\.sh$/),
    ]);
});

test.each<[string, Previewed<ClosureSource>, string]>([
    [
        "no program",
        { ...HELLO, programs: {}, substitutions: { helloExe: "/bin/hello" } },
        'source.closure.programs: A closure needs a program: programs: { hello: ".#hello" }.',
    ],
    [
        "a program that nix doesn't know",
        { ...HELLO, programs: { hello: ".#nope" } },
        expect.stringMatching(
            /^source\.closure\.programs\.hello: nix can't evaluate '\.#nope': flake '.*' does not provide/,
        ),
    ],
    [
        "a name that is no variable",
        { ...HELLO, programs: { "hello-2": ".#hello" } },
        `source.closure.programs["hello-2"]: 'hello-2' can't be a variable @hello-2@: use letters, digits and _.`,
    ],
    [
        "a name that is taken",
        { ...HELLO, programs: { hello: ".#hello", helloExe: ".#hello" } },
        "source.closure.programs.helloExe: 'helloExe' is a program and one of `substitutions` too. Rename one of them.",
    ],
    [
        "a variable without a value",
        { ...HELLO, substitutions: {} },
        expect.stringMatching(
            /^source\.closure\.units\[0\]: Unit 'hello\.service' has @helloExe@, and `substitutions` has no 'helloExe'\./,
        ),
    ],
    [
        "a program that isn't in the image",
        { ...HELLO, substitutions: { helloExe: "/usr/bin/hello" } },
        expect.stringMatching(
            /^source\.closure\.units\[0\]: ExecStart= in line 6 of 'hello\.service' runs \/usr\/bin\/hello, and the image has no such file\./,
        ),
    ],
    [
        "a unit of another image",
        { ...COWSAY },
        expect.stringMatching(/^source\.closure\.units\[0\]: Unit 'cowsay@\.service' doesn't belong to image 'hello'/),
    ],
])("a preview refuses %s", async (_, source, expected) => {
    expect((await failures(source))[0]).toEqual(expected);
});

test.each<[string, Previewed<ClosureSource>]>([
    ["the source", UNKNOWN],
    ["the programs", { ...HELLO, programs: UNKNOWN }],
    ["a program", { ...HELLO, programs: { hello: UNKNOWN } }],
    ["a unit", { ...HELLO, units: [UNKNOWN, "hello.service"] }],
    ["the text of a unit", { ...HELLO, units: ["hello.service", { name: "hello-2.service", text: UNKNOWN }] }],
    ["a file", { ...HELLO, tree: { "/etc/hello": { content: UNKNOWN } } }],
])("%s may be unknown", async (_, closure) => {
    const args = { name: "hello", version: "1", programDirectory: flake("hello") };
    expect(await resolveSource({ closure }, args)).toMatchObject({ sourceDigest: UNKNOWN, failures: [] });
});
