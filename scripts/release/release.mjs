// Makes a release: `make release VERSION=x.y.z`.
//   node scripts/release/release.mjs VERSION           stamps the version everywhere, makes every package, tries each
//   node scripts/release/release.mjs --packages        makes and tries the packages of the version that is stamped
// Nothing is published and nothing is committed: the last lines say what to do next.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { VERSION } from "./mentions.mjs";
import { makePackages } from "./packages.mjs";
import { releaseNotes, stamp } from "./stamp.mjs";
import { tryPackages } from "./try.mjs";

const root = new URL("../..", import.meta.url).pathname;
const made = join(root, "dist/release");
const [argument] = process.argv.slice(2);

if (argument === undefined) fail("Give the version: make release VERSION=x.y.z");
if (argument !== "--packages") {
    if (!new RegExp(`^${VERSION}$`).test(argument)) fail(`${argument} isn't a version like 1.2.3 or 1.2.3-rc.1`);
    refuseUnlessTested();
    stamp(root, argument);
}
const { version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
rmSync(made, { recursive: true, force: true });
mkdirSync(made, { recursive: true });
writeFileSync(join(root, "dist/release-notes.md"), releaseNotes(root, version));
const left = [...makePackages(root, made, version), ...tryPackages(root, made, version)];

console.log(`\ndist/release has the packages of ${version}; each was tried in a directory of its own.`);
for (const line of left) console.log(`Not done: ${line}`);
if (argument !== "--packages")
    console.log(
        `Next: read \`git diff\`, then\n` +
            `    git commit --all --message "Release ${version}"\n` +
            `    git tag v${version} && git tag sdk/go/v${version}\n` +
            `    git push --atomic origin HEAD v${version} sdk/go/v${version}\n` +
            "The workflow release.yml makes the packages again from the tag and attaches them to the release.",
    );

/** The tree must be one that `make test` passed on, in this or another clone on this machine: test.sh notes that tree. */
function refuseUnlessTested() {
    const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
    if (git("status", "--porcelain") !== "") fail("The tree isn't clean: commit or remove what `git status` shows");
    const tree = git("rev-parse", "HEAD^{tree}");
    const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
    const cache = process.env.PORTABLE_TEST_CACHE || join(caches, "portable-test");
    if (!existsSync(join(cache, "tested", tree)))
        fail("The tests haven't passed on this commit: run `make test` first");
}

function fail(message) {
    console.error(message);
    process.exit(1);
}
