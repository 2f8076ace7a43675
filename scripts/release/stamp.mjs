import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stampMentions } from "./mentions.mjs";

/**
 * Writes the version into its one source, provider/package.ts; into all that is generated from it: the schema, the
 * SDKs, and the lock; into the pages and projects that name a package; and dates the section of CHANGELOG.md.
 */
export function stamp(root, version) {
    const date = new Date().toISOString().slice(0, 10);
    // The next release adds to an empty section.
    replace(join(root, "CHANGELOG.md"), /^## \[?Unreleased\]?$/m, `## Unreleased\n\n## ${version} - ${date}`);
    replace(join(root, "provider/package.ts"), /^( {4}version: )".*",$/m, `$1"${version}",`);
    stampMentions(root, version);
    execFileSync("npm", ["run", "--silent", "sdk"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    // From now on, changes of the schema are compared with this one.
    execFileSync(process.execPath, [join(root, "scripts/release-schema.mjs")], { stdio: "inherit" });
    // The workspace's own package is in the lock with its version.
    execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], {
        cwd: root,
        stdio: "inherit",
    });
}

/** The section of the version in CHANGELOG.md, for the page of the release. */
export function releaseNotes(root, version) {
    const sections = readFileSync(join(root, "CHANGELOG.md"), "utf8").split(/^## /m);
    const [head, ...lines] = sections.find((section) => section.split(/\s/)[0] === version)?.split("\n") ?? [];
    if (head === undefined) throw new Error(`CHANGELOG.md has no section ${version}`);
    return `${lines.join("\n").trim()}\n`;
}

function replace(file, pattern, text) {
    const before = readFileSync(file, "utf8");
    if (!pattern.test(before)) throw new Error(`${file} has no line that matches ${pattern}`);
    writeFileSync(file, before.replace(pattern, text));
}
