import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Pages that name the files of a release, and projects that depend on a package of it. */
const FILES = ["README.md", "docs/*.md", "examples", "templates", "test/languages", "test/docs"];

/** The part after the number is one that every language's packages can have. */
export const VERSION = "\\d+\\.\\d+\\.\\d+(?:-(?:alpha|beta|rc)\\.\\d+)?";
/** What stands before the version of a package, in the languages' words and in those of the CLI. */
const PACKAGES = [
    "pulumi-portable-(?:go-v)?",
    "pulumi_portable(?:-|==)",
    "pulumi-resource-portable-v",
    "package PulumiPortable\\.Portable --version ",
    "plugin install resource portable ",
    "plugins/resource-portable-v",
    "pulumi-portable/sdk/go v",
    "io\\.github\\.pulumiportable:portable:",
    "<groupId>io\\.github\\.pulumiportable</groupId>\\s*<artifactId>portable</artifactId>\\s*<version>",
    '"pulumi-portable": "\\^',
    'Include="PulumiPortable\\.Portable" Version="',
];
const mention = () => new RegExp(`(?<=${PACKAGES.join("|")})${VERSION}`, "g");

/** Each file that names the version of a package, with its text. */
function filesWithMentions(root) {
    const names = execFileSync("git", ["ls-files", "-z", "--", ...FILES], { cwd: root, encoding: "utf8" });
    return names
        .split("\0")
        .filter((name) => /\.(md|json|mod|xml|txt|csproj|yaml|yml)$/.test(name))
        .map((name) => [name, readFileSync(join(root, name), "utf8")])
        .filter(([, text]) => mention().test(text));
}

/** Writes the version wherever a package of this repository is named with one; returns the files. */
export function stampMentions(root, version) {
    return filesWithMentions(root).map(([name, text]) => {
        writeFileSync(join(root, name), text.replaceAll(mention(), version));
        return name;
    });
}

/** Every version by which a package is named, with the file: `docs/start/go.md 0.1.0`. */
export function mentions(root) {
    return filesWithMentions(root).flatMap(([name, text]) =>
        [...text.matchAll(mention())].map(([version]) => `${name} ${version}`),
    );
}
