import { chmodSync, mkdirSync, utimesSync } from "node:fs";
import path from "node:path";
import { resolveSource } from "../../../../provider/image/image";
import type { FilesSource } from "../../../../provider/image/sources/files/schema";
import { Archive, Asset, type Previewed, UNKNOWN } from "../../../../provider/schema/values";
import { placed } from "../../sentences";
import { hello, PROGRAM, workspace } from "../../workspace";

const file = (name: string) => new Asset({ path: name });
const HELLO = { "/usr/bin/hello": { asset: file("bin/hello"), mode: "0755" } };

async function resolve(files: Previewed<FilesSource>, over: Partial<ReturnType<typeof hello>> = {}) {
    return resolveSource({ files }, { ...hello(), ...over });
}

/** The failures as `property: sentence`. */
async function messages(files: Previewed<FilesSource>, over: Partial<ReturnType<typeof hello>> = {}) {
    const { failures } = await resolve(files, over);
    return placed(failures);
}

const whole: FilesSource = {
    units: ["units/hello.service", "units/hello.socket"],
    tree: HELLO,
    substitutions: { helloExe: "/usr/bin/hello" },
};

describe("a good source", () => {
    test("results in a digest and in unit texts with substituted variables", async () => {
        const resolved = await resolve(whole);
        expect(resolved.failures).toEqual([]);
        expect(resolved.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
        expect(resolved.unitTexts).toEqual({
            "hello.service": "[Service]\nExecStart=/usr/bin/hello --port 80\nStateDirectory=hello\n",
            "hello.socket": "[Socket]\nListenStream=80\n",
        });
    });

    test("has the same digest in another directory, with other times, in another order and in another form", async () => {
        const args = hello();
        utimesSync(path.join(args.programDirectory, "bin/hello"), 1, 1);
        const digests = await Promise.all([
            resolve(whole),
            resolve(whole, args),
            resolve({ ...whole, units: [...whole.units].reverse() }),
            resolve({
                ...whole,
                units: [
                    { name: "hello.socket", text: "[Socket]\nListenStream=80\n" },
                    { name: "hello.service", asset: file("units/hello.service") },
                ],
                tree: { "/usr//bin/./hello/": { content: PROGRAM, mode: "755" } },
            }),
        ]);
        expect(new Set(digests.map((resolved) => resolved.sourceDigest)).size).toBe(1);
        expect(digests.flatMap((resolved) => resolved.failures)).toEqual([]);
    });

    test.each<[string, FilesSource]>([
        ["content", { ...whole, tree: { ...HELLO, "/etc/motd": { content: "a" } } }],
        ["mode", { ...whole, tree: { "/usr/bin/hello": { asset: file("bin/hello"), mode: "0700" } } }],
        ["a symbolic link", { ...whole, tree: { ...HELLO, "/bin": { symlink: "usr/bin" } } }],
        ["an empty directory", { ...whole, tree: { ...HELLO, "/srv": { directory: true } } }],
        ["a unit", { ...whole, units: whole.units.slice(0, 1) }],
    ])("has another digest with another %s", async (_, files) => {
        const other = await resolve(files);
        expect(other.failures).toEqual([]);
        expect(other.sourceDigest).not.toBe((await resolve(whole)).sourceDigest);
    });

    test("can have a directory with links, whose permissions and times don't change the digest", async () => {
        const make = () => workspace({ "app/bin/hello": PROGRAM, "app/lib/a.js": "a", "app/current": "-> lib/a.js" });
        const files: FilesSource = {
            units: [{ name: "hello.service", text: "[Service]\nExecStart=/opt/hello/bin/hello\n" }],
            tree: { "/opt/hello": { asset: new Archive({ path: "app" }) } },
        };
        const [first, second] = [make(), make()];
        chmodSync(path.join(second, "app/lib"), 0o700);
        chmodSync(path.join(second, "app/lib/a.js"), 0o600);
        mkdirSync(path.join(second, "elsewhere"));
        const one = await resolve(files, { programDirectory: first });
        const two = await resolve(files, { programDirectory: second });
        expect([...one.failures, ...two.failures]).toEqual([]);
        expect(two.sourceDigest).toBe(one.sourceDigest);
    });

    test("can have an AssetArchive and StringAssets", async () => {
        const assets = {
            "bin/hello": file("bin/hello"),
            conf: new Archive({ assets: { a: new Asset({ text: "1" }) } }),
        };
        const files = {
            units: [{ name: "hello.service", asset: new Asset({ text: "[Service]\nExecStart=/opt/bin/hello\n" }) }],
            tree: { "/opt": { asset: new Archive({ assets }) } },
        };
        expect(await messages(files)).toEqual([]);
    });

    test("may have programs behind links, in the search path, of the host, and optional ones", async () => {
        const lines = [
            "ExecStartPre=hello",
            "ExecStartPre=-/usr/bin/missing",
            "ExecStartPre=/bin/hello ; @/sbin/hello hello",
            "ExecStartPre=/opt/host/tool",
            "ExecStartPre=/var/lib/hello/plugin",
            "ExecStart=/usr/lib/%N/run",
            "BindReadOnlyPaths=/opt/host",
            "StateDirectory=%N",
        ];
        const files = {
            units: [{ name: "hello.service", text: `[Service]\n${lines.join("\n")}\n` }],
            tree: {
                ...HELLO,
                "/bin": { symlink: "usr/bin" },
                "/sbin": { symlink: "/bin/../bin" },
                "/usr/lib/hello/run": { symlink: "../../bin/hello" },
            },
        };
        expect(await messages(files)).toEqual([]);
    });

    test("can substitute a variable by itself, and substituted values aren't searched again", async () => {
        const { unitTexts, failures } = await resolve({
            units: [{ name: "hello.service", text: "[Service]\nExecStart=/usr/bin/hello @a@ @b@\n" }],
            tree: HELLO,
            substitutions: { a: "@a@", b: "@a@ $&" },
        });
        expect(failures).toEqual([]);
        expect(unitTexts).toEqual({ "hello.service": "[Service]\nExecStart=/usr/bin/hello @a@ @a@ $&\n" });
    });
});

describe("unknown values", () => {
    test.each<[string, Previewed<FilesSource>, unknown]>([
        ["the source", UNKNOWN, UNKNOWN],
        ["the units", { ...whole, units: UNKNOWN }, UNKNOWN],
        ["a unit", { ...whole, units: ["units/hello.service", UNKNOWN] }, UNKNOWN],
        ["the name of a unit", { ...whole, units: ["units/hello.service", { name: UNKNOWN, text: "" }] }, UNKNOWN],
        [
            "the text of a unit",
            { ...whole, units: ["units/hello.service", { name: "hello.socket", text: UNKNOWN }] },
            { "hello.service": expect.stringContaining("ExecStart=/usr/bin/hello "), "hello.socket": UNKNOWN },
        ],
        [
            "a substitution",
            { ...whole, substitutions: { helloExe: UNKNOWN } },
            { "hello.service": UNKNOWN, "hello.socket": expect.any(String) },
        ],
        [
            "all substitutions",
            { ...whole, substitutions: UNKNOWN },
            { "hello.service": UNKNOWN, "hello.socket": expect.any(String) },
        ],
        ["the tree", { ...whole, tree: UNKNOWN }, expect.objectContaining({ "hello.socket": expect.any(String) })],
        ["a file", { ...whole, tree: { "/usr/bin": UNKNOWN } }, expect.anything()],
        ["a content", { ...whole, tree: { "/usr/bin/hello": { content: UNKNOWN } } }, expect.anything()],
        ["a mode", { ...whole, tree: { "/usr/bin/hello": { content: "", mode: UNKNOWN } } }, expect.anything()],
    ])("%s", async (_, files, texts) => {
        const resolved = await resolve(files);
        expect(resolved.failures).toEqual([]);
        expect(resolved.sourceDigest).toBe(UNKNOWN);
        expect(resolved.unitTexts).toEqual(texts);
    });

    test("units aren't checked against an unknown name", async () => {
        const { failures } = await resolveSource({ files: whole }, { ...hello(), name: UNKNOWN });
        expect(failures).toEqual([]);
    });
});
