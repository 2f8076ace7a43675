import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildImage, resolveSource } from "../../../provider/image/image";
import { Store } from "../../../provider/image/store/store";
import { listing } from "../listing";
import { placed } from "../sentences";
import { PROGRAM, workspace } from "../workspace";

const OS = {
    "os/usr/lib/os-release": "ID=debian\nVERSION_ID=12\n",
    "os/etc/os-release": "-> ../usr/lib/os-release",
    "os/lib": "-> usr/lib",
    "os/usr/lib/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/hello\nStateDirectory=hello/deep\n",
    "os/usr/lib/systemd/system/hello@.service": "[Service]\nExecStart=/usr/bin/hello %i\n",
    "os/usr/lib/systemd/system/other.service": "[Service]\nExecStart=/usr/bin/other\n",
    "os/usr/bin/hello": PROGRAM,
    "os/etc/machine-id": "",
    "os/etc/hosts": "mine\n",
};

function tree(files: Record<string, string> = {}) {
    const programDirectory = workspace({ ...OS, ...files });
    return { programDirectory, name: "hello", version: "1.0" };
}

async function messages(source: Parameters<typeof resolveSource>[0], args: ReturnType<typeof tree>) {
    const { failures, warnings } = await resolveSource(source, args);
    return placed([...failures, ...warnings]);
}

test("the tree is packed with its modes and links, owned by root, and with the files that portablectl needs", async () => {
    const args = tree({ "os/run/leftover": "x", "os/proc/1": "x" });
    const inTree = (name: string) => path.join(args.programDirectory, "os", name);
    linkSync(inTree("usr/bin/hello"), inTree("usr/bin/again"));
    writeFileSync(inTree("usr/bin/su"), "su");
    chmodSync(inTree("usr/bin/su"), 0o4755);
    writeFileSync(inTree("etc/shadow"), "secret");
    chmodSync(inTree("etc/shadow"), 0o600);
    mkdirSync(inTree("var/mail"), { recursive: true });
    chmodSync(inTree("var/mail"), 0o2775);
    chmodSync(inTree(""), 0o700);
    const built = await buildImage({ directory: { path: "os" } }, args, new Store(workspace()));
    const found = listing(built.file);
    expect(found).toEqual(
        expect.arrayContaining([
            "drwxr-xr-x 0/0 /",
            "lrwxrwxrwx 0/0 /lib -> usr/lib",
            "lrwxrwxrwx 0/0 /etc/os-release -> ../usr/lib/os-release",
            "-rwxr-xr-x 0/0 /usr/bin/again",
            "-rwxr-xr-x 0/0 /usr/bin/hello",
            "-rwsr-xr-x 0/0 /usr/bin/su",
            "-rw------- 0/0 /etc/shadow",
            "drwxrwsr-x 0/0 /var/mail",
            "drwxr-xr-x 0/0 /var/lib/hello/deep",
            "-rw-r--r-- 0/0 /etc/resolv.conf",
        ]),
    );
    expect(found.filter((line) => /leftover|\/proc\//.test(line))).toEqual([]);
    const cat = (name: string) => execFileSync("unsquashfs", ["-cat", built.file, name], { encoding: "utf8" });
    expect(cat("etc/hosts")).toBe("mine\n");
    expect(cat("usr/lib/os-release")).toBe(OS["os/usr/lib/os-release"]);
    expect(cat("usr/bin/again")).toBe(PROGRAM);
    expect(Object.keys(built.unitTexts).sort()).toEqual(["hello.service", "hello@.service"]);
});

test("a unit of the inputs replaces the tree's unit of the same name in every directory", async () => {
    const args = tree({
        "os/etc/systemd/system/hello.service": "[Service]\nExecStart=/usr/bin/old\n",
        "my/hello.service": "[Service]\nExecStart=@exe@\n",
    });
    const source = {
        directory: { path: "os", units: ["my/hello.service"], substitutions: { exe: "/usr/bin/hello" } },
    };
    const { unitTexts, sourceDigest } = await resolveSource(source, args);
    expect(unitTexts).toMatchObject({ "hello.service": "[Service]\nExecStart=/usr/bin/hello\n" });
    const { file } = await buildImage(
        source,
        { ...args, sourceDigest: sourceDigest as string },
        new Store(workspace()),
    );
    expect(listing(file).filter((line) => line.endsWith("/hello.service"))).toEqual([
        "-rw-r--r-- 0/0 /usr/lib/systemd/system/hello.service",
    ]);
});

test("files that can't be in an image are left out with a warning", async () => {
    const args = tree();
    execFileSync("mkfifo", [path.join(args.programDirectory, "os/usr/pipe")]);
    expect(await messages({ directory: { path: "os" } }, args)).toEqual([
        "source.directory.path: Not packed, as an image holds files, directories and symbolic links only: /usr/pipe.",
        expect.stringContaining("The image has a unit that portablectl ignores"),
    ]);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot("a set-user-ID bit of another user doesn't become root's", async () => {
    const args = tree({ "os/usr/bin/man": "x" });
    const man = path.join(args.programDirectory, "os/usr/bin/man");
    chownSync(man, 6, 12);
    chmodSync(man, 0o6755);
    expect(await messages({ directory: { path: "os" } }, args)).toEqual([
        "source.directory.path: Packed without their set-user-ID bit, as everything in an image is root's and these files aren't: /usr/bin/man.",
        expect.stringContaining("The image has a unit that portablectl ignores"),
    ]);
    const { file } = await buildImage({ directory: { path: "os" } }, args, new Store(workspace()));
    expect(listing(file)).toContain("-rwxr-xr-x 0/0 /usr/bin/man");
});

asRoot("the digest is the same whoever owns the tree", async () => {
    const args = tree();
    const { sourceDigest } = await resolveSource({ directory: { path: "os" } }, args);
    execFileSync("chown", ["-R", "1234:1234", path.join(args.programDirectory, "os")]);
    expect((await resolveSource({ directory: { path: "os" } }, args)).sourceDigest).toBe(sourceDigest);
});

test("faults are reported", async () => {
    const args = tree({ "plain/a": "a", "empty/usr/lib/os-release": "ID=x\n" });
    const messagesOf = (name: string) => messages({ directory: { path: name } }, args);
    expect(await messagesOf("nope")).toEqual([
        expect.stringMatching(
            /^source\.directory\.path: There is no 'nope' \(\/nope\)\. Make it, or correct the path\./,
        ),
    ]);
    expect(await messagesOf("os/etc/hosts")).toEqual([
        "source.directory.path: 'os/etc/hosts' is not a directory. Unpack it, or correct the path.",
    ]);
    expect(await messagesOf("plain")).toEqual([
        "source.directory.path: 'plain' has no /usr/lib/os-release, so it isn't an operating system's tree. Give the directory that mmdebstrap or mkosi filled; for programs and files use the source `files`.",
        expect.stringContaining("'plain' has no unit of 'hello'"),
    ]);
    expect(await messagesOf("empty")).toEqual([
        "source.directory.units: 'empty' has no unit of 'hello' in /usr/lib/systemd/system or /etc/systemd/system. Name unit files here, or install the package that brings them.",
    ]);
});
