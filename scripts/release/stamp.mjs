import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes the version into its one source, provider/package.ts, and into all that is generated from it: the schema, the
 * SDKs, and the lock; and dates the section of CHANGELOG.md.
 */
export function stamp(root, version) {
    replace(join(root, "provider/package.ts"), /^( {4}version: )".*",$/m, `$1"${version}",`);
    const date = new Date().toISOString().slice(0, 10);
    replace(join(root, "CHANGELOG.md"), /^## \[?Unreleased\]?$/m, `## [${version}] - ${date}`);
    execFileSync("npm", ["run", "--silent", "sdk"], { cwd: root, stdio: "inherit" });
    // From now on, changes of the schema are compared with this one.
    execFileSync(process.execPath, [join(root, "scripts/release-schema.mjs")], { stdio: "inherit" });
    // The workspace's own package is in the lock with its version.
    execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], {
        cwd: root,
        stdio: "inherit",
    });
}

function replace(file, pattern, text) {
    const before = readFileSync(file, "utf8");
    if (!pattern.test(before)) throw new Error(`${file} has no line that matches ${pattern}`);
    writeFileSync(file, before.replace(pattern, text));
}
