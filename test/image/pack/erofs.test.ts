import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { buildSync } from "esbuild";
import { buildImage, resolveSource } from "../../../provider/image/image";
import { erofs } from "../../../provider/image/pack/erofs";
import { Store } from "../../../provider/image/store/store";
import { Tree, textEntry } from "../../../provider/image/tree/tree";
import { Asset } from "../../../provider/schema/values";
import { placed } from "../sentences";
import { hello, PROGRAM, workspace } from "../workspace";

const files = {
    units: ["units/hello.service", "units/hello.socket"],
    tree: {
        "/usr/bin/hello": { asset: new Asset({ path: "bin/hello" }), mode: "0755" },
        "/srv/closed": { directory: true, mode: "0500" },
        "/srv/closed/secret": { content: "x", mode: "0400" },
        "/srv/link": { symlink: "../usr/bin/hello" },
        "/srv/su": { content: "su", mode: "4755" },
    },
    substitutions: { helloExe: "/usr/bin/hello" },
};

function unpack(file: string): string {
    const to = path.join(workspace(), "unpacked");
    execFileSync("fsck.erofs", [`--extract=${to}`, file], { stdio: "ignore" });
    return to;
}

// fsck.erofs doesn't extract set-user-ID bits: formats-on-host.test.ts checks them.
test("holds the same files as a squashfs, with their modes", async () => {
    const store = new Store(workspace());
    const args = hello();
    const made = await buildImage({ files }, { ...args, format: "erofs" }, store);
    expect(readFileSync(made.file).readUInt32LE(1024)).toBe(0xe0f5e1e2);
    const found = unpack(made.file);
    const squashfs = await buildImage({ files }, args, store);
    expect(squashfs.digest).not.toBe(made.digest);
    expect(squashfs.sourceDigest).toBe(made.sourceDigest);
    const other = path.join(workspace(), "unpacked");
    execFileSync("unsquashfs", ["-quiet", "-no-progress", "-dest", other, squashfs.file], { stdio: "ignore" });
    const shown = (root: string) =>
        readdirSync(root, { recursive: true, encoding: "utf8" })
            .sort()
            .map((name) => {
                const status = lstatSync(path.join(root, name));
                const content = status.isFile() ? readFileSync(path.join(root, name), "utf8") : "";
                return `${(status.mode & 0o777).toString(8)} ${status.uid} ${status.mtimeMs} ${name} ${content}`;
            });
    expect(shown(found)).toEqual(shown(other));
    expect(shown(found)).toContain("400 0 0 srv/closed/secret x");
});

test("leaves no temporary directory, even if it is cancelled", async () => {
    const directory = workspace();
    const file = path.join(directory, "image.raw");
    const tree = new Tree();
    tree.add("/closed", { kind: "directory", mode: 0 });
    tree.add("/closed/file", textEntry("x"));
    await erofs.pack(tree, file);
    expect(existsSync(file)).toBe(true);
    await expect(erofs.pack(tree, `${file}2`, { signal: AbortSignal.abort() })).rejects.toThrow("abort");
    expect(readdirSync(directory)).toEqual(["image.raw"]);
});

describe("is identical, byte for byte,", () => {
    const bundle = workspace();
    const script = path.join(bundle, "build.js");
    beforeAll(() => {
        const contents = `
            import { buildImage } from "./provider/image/image";
            import { Archive } from "./provider/schema/values";
            const source = { files: { units: ["hello.service"], tree: { "/opt": { asset: new Archive({ path: "app" }) } } } };
            buildImage(source, { name: "hello", version: "1", format: "erofs", programDirectory: process.argv[2]! }).then(
                ({ digest }) => console.log(digest), (error) => console.log(error.message));`;
        const resolveDir = path.resolve(__dirname, "../../..");
        buildSync({ stdin: { contents, resolveDir, loader: "ts" }, bundle: true, platform: "node", outfile: script });
    });

    const contents = {
        "hello.service": "[Service]\nExecStart=/opt/bin/hello\n",
        "app/bin/hello": PROGRAM,
        ...Object.fromEntries(
            Array.from({ length: 60 }, (_, index) => [`app/d${index % 7}/f${index}`, `${index}`.repeat(9999)]),
        ),
        "app/link": "-> d1/f1",
    };

    function run(prepare: string, environment: Record<string, string>, reversed: boolean): string {
        const entries = Object.entries(contents);
        const programDirectory = workspace(Object.fromEntries(reversed ? entries.reverse() : entries));
        const store = path.join(workspace(), "store");
        mkdirSync(store);
        for (const [directory, mode] of [
            [bundle, 0o755],
            [programDirectory, 0o755],
            [path.dirname(store), 0o755],
            [store, 0o777],
        ] as const)
            chmodSync(directory, mode);
        const command = `${prepare} "${process.execPath}" "${script}" "${programDirectory}"`;
        const env = { PATH: process.env.PATH, PORTABLE_STORE: store, ...environment };
        return execFileSync("sh", ["-c", command], { encoding: "utf8", env }).trim();
    }

    const asNobody = process.getuid?.() === 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups" : "";
    test.each([
        ["in another directory, made in another order", "", {}, true],
        ["under another umask", "umask 077;", {}, false],
        ["in another time zone and locale", "umask 000;", { TZ: "Pacific/Kiritimati", LANG: "de_DE.UTF-8" }, false],
        ["with SOURCE_DATE_EPOCH set", "", { SOURCE_DATE_EPOCH: "1" }, false],
        ["for another user", `umask 027; ${asNobody}`, { HOME: "/nonexistent" }, true],
        ["on one processor", "taskset 1", {}, false],
    ])("%s", (_, prepare, environment, reversed) => {
        const expected = run("", { TZ: "UTC", LC_ALL: "C" }, false);
        expect(expected).toMatch(/^[0-9a-f]{64}$/);
        expect(run(prepare, environment, reversed)).toBe(expected);
    });
});

test("can't be chosen for an existing image", async () => {
    const { file } = await buildImage({ files }, hello(), new Store(workspace()));
    const { failures } = await resolveSource({ raw: { path: file } }, { ...hello(), format: "erofs" });
    expect(placed(failures)).toEqual(["format: A ready image stays in the format it has. Remove `format`."]);
});
