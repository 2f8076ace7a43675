import { contentsOf } from "../../../provider/image/contents/contents";
import { sizeText } from "../../../provider/image/contents/size";
import { type Entry, Tree, textEntry } from "../../../provider/image/tree/tree";

function tree(parts: Record<string, Entry | string>): Tree {
    const made = new Tree();
    for (const [path, part] of Object.entries(parts)) {
        expect(made.add(path, typeof part === "string" ? textEntry(part) : part)).toBeUndefined();
    }
    return made;
}

const files = (directory: string, count: number, text = "x") =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${directory}/f${index}`, `${text}${index}`]));

/** The lines of a preview's diff: added, removed and changed ones. */
async function difference(old: Tree, now: Tree): Promise<string[]> {
    const [before, after] = [await contentsOf(old), await contentsOf(now)];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names
        .filter((name) => before[name] !== after[name])
        .map((name) => `${name}: ${before[name] ?? "-"} => ${after[name] ?? "-"}`);
}

test("a small image is a line for each file", async () => {
    const contents = await contentsOf(
        tree({
            "/usr/bin/hello": textEntry("x".repeat(15_700), 0o755),
            "/etc/hello.conf": "a",
            "/bin": { kind: "symlink", target: "usr/bin" },
            "/srv/data": { kind: "directory", mode: 0o755 },
            "/srv/secret": { kind: "directory", mode: 0o700 },
        }),
    );
    expect(contents).toEqual({
        "/bin": "-> usr/bin",
        "/etc/hello.conf": "1 B, ca978112",
        "/srv/data": "empty directory",
        "/srv/secret": "empty directory, 0700",
        "/usr/bin/hello": "0755, 15.7 KB, f44d7f9d",
        total: "2 files, 15.7 KB",
    });
});

test("a change is shown by the lines of files that were added, removed and changed, and the total", async () => {
    const common = { "/usr/bin/hello": "v1", ...files("/usr/share/zoneinfo", 600) };
    const now = { ...common, "/usr/bin/hello": "v2", "/etc/new": "new", "/usr/share/zoneinfo/f7": "changed" };
    expect(await difference(tree({ ...common, "/etc/old": "old!" }), tree(now))).toEqual([
        "/etc/new: - => 3 B, 11507a0e",
        "/etc/old: 4 B, f28d6cfd => -",
        expect.stringMatching(/^\/usr\/bin\/hello: 2 B, [0-9a-f]{8} => 2 B, [0-9a-f]{8}$/),
        expect.stringMatching(
            /^\/usr\/share\/zoneinfo\/: 600 files, 2\.3 KB, [0-9a-f]{8} => 600 files, 2\.3 KB, [0-9a-f]{8}$/,
        ),
    ]);
});

test("the order of files makes no difference", async () => {
    const parts = { ...files("/a", 50), ...files("/b", 5), "/l": { kind: "symlink", target: "a" } as const };
    const reversed = Object.fromEntries(Object.entries(parts).reverse());
    expect(await difference(tree(parts), tree(reversed))).toEqual([]);
});

test("a change of a mode is shown", async () => {
    expect(await difference(tree({ "/x": textEntry("x", 0o644) }), tree({ "/x": textEntry("x", 0o600) }))).toEqual([
        "/x: 1 B, 2d711642 => 0600, 1 B, 2d711642",
    ]);
});

test("a complete system is summarized in few lines, and a new file changes few of them", async () => {
    const system = Object.assign(
        {},
        ...["bin", "sbin", "lib/x86_64-linux-gnu", "share/doc", "share/man/man1", "share/perl5"].map((directory) =>
            files(`/usr/${directory}`, 300, directory),
        ),
        ...Array.from({ length: 120 }, (_, index) => files(`/usr/share/pkg${index}`, 3, `${index}`)),
        files("/etc", 90),
        files("/var/lib/x", 20),
    ) as Record<string, string>;
    const contents = await contentsOf(tree(system));
    expect(Object.keys(contents).length).toBeLessThanOrEqual(41);
    expect(JSON.stringify(contents).length).toBeLessThan(4000);
    const changed = await difference(tree(system), tree({ ...system, "/etc/new": "x", "/usr/bin/new": "x" }));
    expect(changed.map((line) => line.split(":")[0])).toEqual(["/etc/", "/usr/bin/", "total"]);
});

test("units are left out, as they are shown as texts", async () => {
    const contents = await contentsOf(tree({ "/a": "a", "/u/x.service": "text" }), new Set(["/u/x.service"]));
    expect(contents).toEqual({ "/a": "1 B, ca978112", total: "1 file, 1 B" });
});

describe("packages", () => {
    const NIX = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz";
    test("of Nix, npm, pip, dpkg and apk are a line each, without their files", async () => {
        const contents = await contentsOf(
            tree({
                [`${NIX}-openssl-3.0.13/lib/libssl.so`]: "x".repeat(5000),
                [`${NIX}-openssl-3.0.13-bin/bin/openssl`]: "x".repeat(200),
                [`${NIX}-hello`]: "x",
                "/opt/app/node_modules/express/package.json": '{"name":"express","version":"4.19.2"}',
                "/opt/app/node_modules/express/index.js": "x".repeat(963),
                "/opt/app/node_modules/@scope/part/package.json": '{"version":"1.0.0"}',
                "/opt/app/node_modules/express/node_modules/debug/package.json": '{"version":"2.6.9"}',
                "/opt/app/node_modules/debug/package.json": '{"version":"4.0.0"}',
                "/opt/app/node_modules/odd/package.json": "{",
                "/opt/venv/lib/python3.11/site-packages/waitress-3.0.0.dist-info/METADATA": "",
                "/var/lib/dpkg/status":
                    "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
                "/lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n\nP:busybox\nV:1.36\n",
            }),
        );
        expect(contents).toMatchObject({
            "openssl (nix)": "3.0.13, 5.0 KB; 3.0.13-bin, 200 B",
            "hello (nix)": "1 B",
            "express (npm)": "4.19.2, 1.0 KB",
            "@scope/part (npm)": "1.0.0, 19 B",
            "debug (npm)": "2.6.9, 19 B; 4.0.0, 19 B",
            "waitress (python)": "3.0.0",
            "libc6 (deb)": "2.36-9",
            "musl (apk)": "1.2.5-r0",
            "busybox (apk)": "1.36",
            "/opt/app/node_modules/odd/package.json": expect.any(String),
        });
        expect(Object.keys(contents).filter((name) => /express\/|gone|nix\/store/.test(name))).toEqual([]);
    });

    test("beyond a limit are summarized in one line, which changes with each of them", async () => {
        const list = (last: string) =>
            Array.from(
                { length: 400 },
                (_, index) => `Package: p${String(index).padStart(3, "0")}\nVersion: ${index === 399 ? last : 1}\n`,
            ).join("\n");
        const changed = await difference(
            tree({ "/var/lib/dpkg/status": list("1") }),
            tree({ "/var/lib/dpkg/status": list("2") }),
        );
        expect(changed).toEqual([expect.stringMatching(/^more packages: 201, [0-9a-f]{8} => 201, [0-9a-f]{8}$/)]);
    });
});

test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KB"],
    [58_249_999, "58.2 MB"],
    [999_949_999, "999.9 MB"],
    [999_950_000, "1.0 GB"],
])("%p bytes are %s", (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
});
