import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { has } from "./tools.mjs";

const URN_TYPE = "portable:index:PortableImage";

/**
 * Installs each package as a user would, in a directory of its own outside of this repository, and uses it. Throws
 * where one doesn't work; returns what couldn't be tried here, and why.
 */
export function tryPackages(root, made, version) {
    const scratch = mkdtempSync(join(tmpdir(), "portable-try-"));
    const find = (pattern) => join(made, readdirSync(made).find((name) => pattern.test(name)) ?? String(pattern));
    const context = { root, version, scratch, find };
    try {
        npm(context);
        python(context);
        return [go(context), java(context), plugin(context)].filter((reason) => reason !== undefined);
    } finally {
        // What Go downloads is read-only.
        execFileSync("chmod", ["-R", "u+w", scratch]);
        rmSync(scratch, { recursive: true });
    }
}

function directoryOf({ scratch }, name) {
    const directory = join(scratch, name);
    mkdirSync(directory);
    const run = (command, args, env = {}) =>
        execFileSync(command, args, {
            cwd: directory,
            env: { ...process.env, ...env },
            stdio: ["ignore", "pipe", "inherit"],
            encoding: "utf8",
        });
    return { directory, run, write: (file, text) => writeFileSync(join(directory, file), text) };
}

function expectOutput(what, printed, expected) {
    if (printed.trim() !== expected) throw new Error(`${what} printed ${printed.trim()} in place of ${expected}`);
    console.log(`${what}: works`);
}

function npm(context) {
    const { run } = directoryOf(context, "npm");
    run("npm", ["init", "--yes"]);
    run("npm", [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        context.find(/^pulumi-portable-.*\.tgz$/),
        "@pulumi/pulumi",
    ]);
    const program = "console.log(require('pulumi-portable').PortableImage.__pulumiType)";
    expectOutput("the npm package", run(process.execPath, ["-e", program]), URN_TYPE);
}

function python(context) {
    const { run, directory } = directoryOf(context, "python");
    run("python3", ["-m", "venv", "venv"]);
    run(join(directory, "venv/bin/pip"), ["install", "--quiet", context.find(/\.whl$/)]);
    const program = "import pulumi_portable; print(pulumi_portable.PortableImage.pulumi_type)";
    expectOutput("the wheel", run(join(directory, "venv/bin/python"), ["-c", program]), URN_TYPE);
}

function go(context) {
    if (!has("go")) return "the Go module wasn't tried: go isn't on PATH";
    const module = "github.com/pulumi-portable/pulumi-portable/sdk/go";
    const { run, write } = directoryOf(context, "go");
    run("mkdir", ["sdk"]);
    run("tar", ["-xzf", context.find(/-go-v.*\.tar\.gz$/), "-C", "sdk"]);
    write(
        "main.go",
        `package main

import (
	"fmt"

	"${module}/portable"
)

func main() { fmt.Println(portable.PortableImage{}.ElementType() != nil) }
`.replace("portable.PortableImage{}.ElementType()", "(*portable.PortableImage)(nil).ElementType()"),
    );
    run("go", ["mod", "init", "example"]);
    run("go", ["mod", "edit", "-require", `${module}@v0.0.0`, "-replace", `${module}=./sdk`]);
    run("go", ["mod", "tidy", "-e"], { GOFLAGS: "-mod=mod" });
    expectOutput("the Go module", run("go", ["run", "."], { GOFLAGS: "-mod=mod" }), "true");
}

function java(context) {
    if (!has("mvn")) return "the jar wasn't tried: Maven isn't on PATH";
    const { directory, run, write } = directoryOf(context, "java");
    const repository = join(directory, "repository");
    const jar = context.find(/\.jar$/);
    const install = ["--batch-mode", "--quiet", "install:install-file", `-Dfile=${jar}`];
    run("mvn", [...install, `-DpomFile=${context.find(/\.pom$/)}`, `-DlocalRepositoryPath=${repository}`]);
    run("mkdir", ["-p", "src/main/java"]);
    write(
        "src/main/java/Main.java",
        `public class Main {
    public static void main(String[] args) {
        System.out.println(io.github.pulumiportable.portable.PortableImage.class.getSimpleName());
    }
}
`,
    );
    write(
        "pom.xml",
        `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>example</groupId><artifactId>example</artifactId><version>1</version>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target></properties>
<repositories><repository><id>release</id><url>file://${repository}</url></repository></repositories>
<dependencies><dependency><groupId>io.github.pulumiportable</groupId><artifactId>portable</artifactId><version>${context.version}</version></dependency></dependencies>
</project>
`,
    );
    run("mvn", ["--batch-mode", "--quiet", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath"]);
    const classpath = readFileSync(join(directory, "classpath"), "utf8");
    expectOutput("the jar", run("java", ["-cp", `target/classes:${classpath}`, "Main"]), "PortableImage");
}

/** The CLI installs the archive of this machine; without the CLI the executable itself answers. */
function plugin(context) {
    const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
    const archive = context.find(new RegExp(`-${platform}\\.tar\\.gz$`));
    const { directory, run } = directoryOf(context, "plugin");
    if (!has("pulumi")) {
        run("tar", ["-xzf", archive]);
        return "`pulumi plugin install` wasn't tried: pulumi isn't on PATH";
    }
    const env = { PULUMI_HOME: join(directory, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" };
    run("pulumi", ["plugin", "install", "resource", "portable", context.version, "--file", archive], env);
    const schema = JSON.parse(run("pulumi", ["package", "get-schema", "portable"], env));
    expectOutput("the plugin archive", schema.version, context.version);
}
