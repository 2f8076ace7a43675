import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildImage, previewImage, resolveSource } from "../../../../provider/image/image";
import type { NixSource } from "../../../../provider/image/sources/nix/schema";
import { Store } from "../../../../provider/image/store/store";
import { type Previewed, UNKNOWN } from "../../../../provider/schema/values";
import { listing } from "../../listing";
import { soon } from "../../on-host";
import { placed } from "../../sentences";
import { workspace } from "../../workspace";
import { flake, privateNix } from "./nix-store";

const storeDirectory = privateNix();
const ARGS = { name: "hello", version: "1.0" };

/** Names of the flake's outputs that were built. */
function outputs(): string[] {
    return readdirSync(storeDirectory).filter((name) => /-(greeting|hello-1\.0|hello-img-1\.0)$/.test(name));
}

async function failures(nix: Previewed<NixSource>, programDirectory: string): Promise<string[]> {
    const { failures } = await resolveSource({ nix }, { ...ARGS, programDirectory });
    return placed(failures);
}

function build(nix: NixSource, programDirectory: string, more: { signal?: AbortSignal } = {}) {
    return buildImage({ nix }, { ...ARGS, programDirectory, ...more }, new Store(workspace()));
}

test("a preview builds nothing; its digest depends on the inputs of the build, not on the flake's path", async () => {
    const [here, there, changed] = [flake("hello"), flake("hello"), flake("hello")];
    writeFileSync(path.join(changed, "hello.service"), "[Service]\nExecStart=@helloExe@ --again\n");
    const digestOf = async (programDirectory: string) => {
        const source = { nix: { installable: ".#image" } };
        const resolved = await resolveSource(source, { ...ARGS, programDirectory });
        expect(resolved).toMatchObject({ unitTexts: undefined, failures: [], warnings: [] });
        expect(await previewImage(source, { ...ARGS, programDirectory })).toBeUndefined();
        return resolved.sourceDigest;
    };
    const digest = await digestOf(here);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf(there)).toBe(digest);
    expect(await digestOf(changed)).not.toBe(digest);
    expect(outputs()).toEqual([]);
});

test("`up` builds the image of the preview with progress, and reuses it the next time", async () => {
    const programDirectory = flake("hello");
    const source = { nix: { installable: ".#image" } };
    const { sourceDigest } = await resolveSource(source, { ...ARGS, programDirectory });
    const lines: string[] = [];
    const store = new Store(workspace());
    const args = { ...ARGS, programDirectory, sourceDigest: sourceDigest as string };
    const image = await buildImage(source, { ...args, onProgress: (line) => lines.push(line) }, store);

    expect(image.file).toMatch(/\/nix\/store\/[a-z0-9]{32}-hello-img-1\.0\/hello_1\.0\.raw$/);
    expect(listing(image.file)).toContain("-rw-r--r-- 0/0 /etc/systemd/system/hello.service");
    expect(listing(image.file).some((line) => /\/nix\/store\/[a-z0-9]{32}-greeting$/.test(line))).toBe(true);
    expect(lines[0]).toMatch(/^0 of 4 built, building (greeting|libc)$/);
    expect(image.unitTexts["hello.service"]).toMatch(
        /^ExecStart=\S*\/nix\/store\/[a-z0-9]{32}-hello-1\.0\/bin\/hello$/m,
    );
    expect(existsSync(path.join(programDirectory, "result"))).toBe(false);

    const again: string[] = [];
    expect(await buildImage(source, { ...args, onProgress: (line) => again.push(line) }, store)).toEqual(image);
    expect(again).toEqual([]);
});

test("a garbage collection keeps the last image of each source", async () => {
    const programDirectory = flake("hello");
    const store = new Store(workspace());
    const source = { nix: { installable: ".#image" } };
    const write = (again: string) =>
        writeFileSync(path.join(programDirectory, "hello.service"), `[Service]\nExecStart=@helloExe@ ${again}\n`);
    write("once");
    const first = await buildImage(source, { ...ARGS, programDirectory }, store);
    write("twice");
    const later = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    const second = await buildImage(source, { ...ARGS, programDirectory }, store);
    later.mockRestore();
    expect(second.digest).not.toBe(first.digest);

    execFileSync("nix-store", ["--gc"], { env: process.env, stdio: "ignore" });
    expect([existsSync(first.file), existsSync(second.file)]).toEqual([false, true]);
    const [root, ...more] = readdirSync(path.join(store.directory, "nix-roots"));
    expect(root).toMatch(/^hello-[0-9a-f]{16}$/);
    expect(more).toEqual([]);
    const link = readlinkSync(path.join(store.directory, "nix-roots", root as string));
    expect(second.file.endsWith(`${link}/hello_1.0.raw`)).toBe(true);
});

test.each<[string, NixSource, string]>([
    ["a file", { file: "default.nix", installable: "image" }, "Hello, world!"],
    [
        "a file, with arguments",
        { file: "default.nix", arguments: ["--argstr", "greeting", "Hi"], installable: "image" },
        "Hi",
    ],
    ["a file that is the package", { file: "image.nix" }, "Hello, world!"],
    ["an expression", { expression: "(import ./default.nix { greeting = ''Hey''; }).image" }, "Hey"],
    [
        "an expression, with an attribute",
        { expression: "import ./default.nix { }", installable: "image" },
        "Hello, world!",
    ],
])("builds %s", async (_, source, greeting) => {
    const programDirectory = path.dirname(flake("hello"));
    writeFileSync(path.join(programDirectory, "hello/image.nix"), "{ more ? { } }: (import ./default.nix more).image");
    const { file, unitTexts } = await build({ ...source, directory: "hello" }, programDirectory);
    expect(file).toMatch(/\/nix\/store\/[a-z0-9]{32}-hello-img$/);
    expect(unitTexts["hello.service"]).toContain(`Description=${greeting}\n`);
});

test.each<[string, NixSource, string]>([
    [
        "an attribute that isn't there",
        { installable: ".#missing" },
        "source.nix.installable: nix can't evaluate '.#missing': flake.nix:12:27: attribute 'nope' missing.",
    ],
    [
        "an error thrown by a file",
        { installable: ".#refused" },
        expect.stringMatching(
            // Older versions of nix report the position of the function, later ones that of the throw.
            /^source\.nix\.installable: nix can't evaluate '\.#refused': lib\.nix:2:(15|21): no package 'caddy' without its hash\.$/,
        ),
    ],
    [
        "a package that isn't there",
        { installable: ".#nope" },
        expect.stringMatching(
            /^source\.nix\.installable: nix can't evaluate '\.#nope': flake '.*' does not provide attribute/,
        ),
    ],
    [
        "no flake",
        { installable: ".#x", directory: "/" },
        "source.nix.installable: nix can't evaluate '.#x': could not find a flake.nix file.",
    ],
    [
        "a file with an error",
        { file: "syntax.nix" },
        "source.nix.file: nix can't evaluate 'syntax.nix': syntax.nix:2:12: syntax error, unexpected '@', expecting ';'.",
    ],
    [
        "a text",
        { installable: ".#text" },
        "source.nix.installable: '.#text' is no derivation, but a string. Name a package.",
    ],
    [
        "a set",
        { installable: ".#set" },
        "source.nix.installable: '.#set' is no derivation, but a set. Name one of its attributes: a, b.",
    ],
    [
        "a package of another system",
        { installable: ".#mac" },
        "source.nix.installable: '.#mac' is built for aarch64-darwin, and a portable service runs on Linux. Name the package of the host's system, as \".#packages.x86_64-linux.NAME\".",
    ],
    ["nothing", {}, 'source.nix: Nix needs something to build: give an `installable`, as ".#hello", or a `file`.'],
    [
        "two files",
        { file: "a.nix", expression: "{ }" },
        "source.nix: Nix evaluates one of `file` and `expression`. Remove the other.",
    ],
    [
        "an option",
        { installable: "--impure" },
        "source.nix.installable: '--impure' is an option of nix. Put it into `arguments`.",
    ],
    [
        "no directory",
        { installable: ".#x", directory: "/nope" },
        "source.nix.directory: There is no directory '/nope' for nix to work in. Correct the path.",
    ],
])("a preview refuses %s", async (_, source, expected) => {
    const directory = flake("broken");
    writeFileSync(path.join(directory, "syntax.nix"), "{\n    a = ./b@.service;\n}\n");
    expect(await failures(source, directory)).toEqual([expected]);
});

test("reports that the files of a flake must be added to git", async () => {
    const directory = flake("hello");
    execFileSync("git", ["init", "-q", directory]);
    execFileSync("git", ["-C", directory, "add", "flake.nix", "local.nix"]);
    const [failure] = await failures({ installable: ".#image" }, directory);
    expect(failure).toMatch(
        /hello\.c'?.*\. In a git repository nix sees only files that git knows of: `git add` what it misses\.$/,
    );
});

test("reports what to install if nix is missing", async () => {
    const before = process.env.PATH;
    process.env.PATH = workspace();
    const [failure] = await failures({ installable: ".#image" }, flake("hello"));
    process.env.PATH = before;
    expect(failure).toBe(
        "source.nix.installable: nix, which makes the image, is not installed. Install Nix 2.4 or later on the machine that runs Pulumi (https://nixos.org/download, or `apt install nix-bin`), and see that `nix` is on PATH; the host needs none.",
    );
});

test.each<[string, string, string | RegExp]>([
    [
        "the last lines of the build that failed",
        ".#needs-fails",
        /^The nix build of caddy-2\.10\.2 failed\. Its whole log is shown by `nix log \S+\/nix\/store\/\S+-caddy-2\.10\.2\.drv`\.\nIt reported:\n {4}compiling caddy\n {4}main\.go:3: undefined: teapot$/,
    ],
    [
        "that there is no image",
        ".#no-image",
        /^property source\.nix: '\.#no-image' holds no \.raw image, but bin, share \(.*\)\. Build it with pkgs\.portableService; for a program without an image use the source `closure`\.$/,
    ],
    [
        "that there are two images",
        ".#two-images",
        "property source.nix: '.#two-images' holds more than one image: a.raw, b.raw. Make a package of each, and a PortableImage of each package.",
    ],
    [
        "that it is no image",
        ".#no-squashfs",
        /-no-squashfs' is not a disk image that portablectl attaches: a squashfs,/,
    ],
])("up says %s", async (_, installable, expected) => {
    await expect(build({ installable }, flake("broken"))).rejects.toThrow(expected);
});

test("cancelling a build ends its processes", async () => {
    const directory = flake("broken");
    const file = path.join(directory, "flake.nix");
    const mark = `1000.${process.pid}`;
    writeFileSync(file, readFileSync(file, "utf8").replace("sleep 1000", `sleep ${mark}`));
    const isRunning = () => processes().some((line) => line.includes(`sleep\0${mark}\0`));
    const cancel = new AbortController();
    const reason = new Error("cancelled");
    const built = build({ installable: ".#long" }, directory, { signal: cancel.signal });
    await soon(async () => expect(isRunning()).toBe(true));
    cancel.abort(reason);
    await expect(built).rejects.toBe(reason);
    // nix has exited and signaled its builder, which may take a moment to exit.
    await soon(async () => expect(isRunning()).toBe(false));
});

function processes(): string[] {
    return readdirSync("/proc").flatMap((pid) => {
        try {
            return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
        } catch {
            return []; // the process has exited
        }
    });
}

test("concurrent callers share an evaluation, and a caller that cancels doesn't end it for the others", async () => {
    const programDirectory = flake("hello");
    const source = { nix: { installable: ".#image" } };
    const cancel = new AbortController();
    const cancelled = resolveSource(source, { ...ARGS, programDirectory, signal: cancel.signal });
    const kept = resolveSource(source, { ...ARGS, programDirectory });
    cancel.abort(new Error("cancelled"));
    await expect(cancelled).rejects.toThrow("cancelled");
    expect(await kept).toMatchObject({ failures: [] });
});

test.each<[string, Previewed<NixSource>]>([
    ["the source", UNKNOWN],
    ["the installable", { installable: UNKNOWN }],
    ["an argument", { installable: ".#image", arguments: [UNKNOWN] }],
])("%s may be unknown", async (_, nix) => {
    const resolved = await resolveSource({ nix }, { ...ARGS, programDirectory: flake("hello") });
    expect(resolved).toMatchObject({ sourceDigest: UNKNOWN, failures: [] });
});
