import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has } from "./tools.mjs";

/** Makes the package of every language and the plugin archives; returns what couldn't be made here, and why. */
export function makePackages(root, made, version) {
    const scratch = mkdtempSync(join(tmpdir(), "portable-release-"));
    const context = { root, made, version, scratch };
    try {
        npm(context);
        python(context);
        go(context);
        const left = [archives(context), java(context), dotnet(context)].filter((reason) => reason !== undefined);
        writeChecksums(made);
        return left;
    } finally {
        rmSync(scratch, { recursive: true });
    }
}

/** The error of a failure has what the command printed. */
function run(command, args, options = {}) {
    return execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", ...options });
}

/** The npm package carries the SDK and the provider. */
function npm({ root, made, scratch }) {
    const directory = join(scratch, "npm");
    run(process.execPath, [join(root, "scripts/package.mjs"), directory]);
    run("npm", ["pack", "--silent", "--pack-destination", made, directory]);
}

/** A wheel and a source distribution, made in a copy: setuptools leaves directories beside the sources. */
function python({ root, made, scratch }) {
    const [sources, environment] = [join(scratch, "python"), join(scratch, "venv")];
    cpSync(join(root, "sdk/python"), sources, { recursive: true });
    run("python3", ["-m", "venv", environment]);
    run(join(environment, "bin/pip"), ["install", "--quiet", "build"]);
    run(join(environment, "bin/python"), ["-m", "build", "--outdir", made, sources]);
}

/** Go takes a module from its tag; the archive is for a `replace` until there is one. */
function go({ root, made, version }) {
    const directory = join(root, "sdk/go");
    run("tar", ["-czf", join(made, `pulumi-portable-go-v${version}.tar.gz`), "--exclude=./bin", "-C", directory, "."]);
}

/** `SHA256SUMS` of all packages, as sha256sum(1) checks it. */
function writeChecksums(made) {
    const names = readdirSync(made).sort();
    writeFileSync(join(made, "SHA256SUMS"), run("sha256sum", ["--", ...names], { cwd: made }));
}

function archives({ root, made }) {
    const isSigner = has("rcodesign") || has("codesign");
    const platforms = isSigner ? [] : ["linux-amd64", "linux-arm64", "windows-amd64", "windows-arm64"];
    run(process.execPath, [join(root, "scripts/archives.mjs"), ...platforms], { stdio: "inherit" });
    const directory = join(root, "dist/archives");
    for (const name of readdirSync(directory)) cpSync(join(directory, name), join(made, name));
    return isSigner
        ? undefined
        : "archives for darwin need rcodesign or codesign to sign them: cargo install apple-codesign";
}

function java({ root, made, version, scratch }) {
    if (!has("mvn")) return "the jar needs Maven: apt install maven";
    const directory = join(scratch, "java");
    writeMavenProject(root, directory, version);
    run("mvn", ["--batch-mode", "--quiet", "-DskipTests", "package"], { cwd: directory, stdio: "inherit" });
    cpSync(join(directory, `target/portable-${version}.jar`), join(made, `pulumi-portable-${version}.jar`));
    cpSync(join(directory, "pom.xml"), join(made, `pulumi-portable-${version}.pom`));
}

/** The SDK as a project of Maven: the Gradle file of the generator is for publishing, and Gradle is in no package registry. */
function writeMavenProject(root, directory, version) {
    cpSync(join(root, "sdk/java/src"), join(directory, "src"), { recursive: true });
    const gradle = readFileSync(join(root, "sdk/java/build.gradle"), "utf8");
    const dependencies = [...gradle.matchAll(/implementation\("([^:"]+):([^:"]+):([^"]+)"\)/g)].map(
        ([, group, artifact, wanted]) =>
            `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${wanted}</version></dependency>`,
    );
    // The generated Utilities class reads both of them from beside itself.
    const resources = join(directory, "src/main/resources/io/github/pulumiportable/portable");
    mkdirSync(resources, { recursive: true });
    writeFileSync(join(resources, "version.txt"), version);
    writeFileSync(join(resources, "plugin.json"), JSON.stringify({ resource: true, name: "portable", version }));
    writeFileSync(
        join(directory, "pom.xml"),
        `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>io.github.pulumiportable</groupId><artifactId>portable</artifactId><version>${version}</version>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies>${dependencies.join("\n")}</dependencies></project>
`,
    );
}

function dotnet({ root, made, scratch }) {
    if (!has("dotnet")) return "the NuGet package needs dotnet, which isn't on PATH";
    const directory = join(scratch, "dotnet");
    cpSync(join(root, "sdk/dotnet"), directory, { recursive: true });
    run("dotnet", ["pack", "--configuration", "Release", "--output", made, directory], { stdio: "inherit" });
}
