import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { which } from "../acceptance/on-every-engine";

const root = join(__dirname, "../..");
const cache = join(
    process.env.PORTABLE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "portable-test"),
    "languages",
);

/** Packages that a Python program with the SDK needs. */
const PYTHON_PACKAGES = ["pulumi==3.272.0", "parver==1.0.1.post0", "semver==3.1.2", "setuptools==80.9.0"];

/** Settings with which an engine runs a program in a language. */
export interface Toolchain {
    /** The `runtime` of Pulumi.yaml. */
    runtime: unknown;
    /** Further environment variables of the engine. */
    env?: Record<string, string>;
}

const run = (command: string, args: string[], cwd = root, env: Record<string, string> = {}) =>
    execFileSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });

/** A cached directory that `make` fills once; an unfinished one is made again. */
function madeOnce(name: string, make: (directory: string) => void): string {
    const directory = join(cache, name);
    if (existsSync(join(directory, "complete"))) return directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    make(directory);
    writeFileSync(join(directory, "complete"), "");
    return directory;
}

const hash = (...parts: (string | Buffer)[]) =>
    parts
        .reduce((sum, part) => sum.update(part), createHash("sha256"))
        .digest("hex")
        .slice(0, 16);

/** Installs the SDK next to a virtual environment that is shared by all versions of the SDK. */
export function python(directory: string): Toolchain {
    const environment = pythonEnvironment();
    const sdk = mkdtempSync(join(tmpdir(), "portable-sdk-python-"));
    try {
        // The SDK is copied first, since building it writes files into its source.
        cpSync(join(root, "sdk/python"), sdk, { recursive: true });
        const target = join(directory, "packages");
        run(join(environment, "bin/pip"), [
            ...["install", "--quiet", "--no-deps", "--no-build-isolation", "--target", target],
            sdk,
        ]);
        return {
            runtime: { name: "python", options: { toolchain: "pip", virtualenv: environment } },
            env: { PYTHONPATH: target },
        };
    } finally {
        rmSync(sdk, { recursive: true });
    }
}

export function pythonEnvironment(): string {
    return madeOnce(`python-${hash(...PYTHON_PACKAGES)}`, (made) => {
        run("python3", ["-m", "venv", made]);
        run(join(made, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...PYTHON_PACKAGES]);
    });
}

/** Directory of `go`, which is downloaded if the machine has none. */
export function goDirectory(): string {
    return run(join(root, "scripts/go.sh"), []).toString().trim();
}

export const withPath = (...directories: string[]) => ({
    PATH: [...directories, process.env.PATH].join(delimiter),
});

/** Makes the directory a Go module that uses the SDK in the repository. */
export function go(directory: string): Toolchain {
    const template = join(__dirname, "go");
    const text = readFileSync(join(template, "go.mod"), "utf8").replace("../../../sdk/go", join(root, "sdk/go"));
    writeFileSync(join(directory, "go.mod"), text);
    cpSync(join(template, "go.sum"), join(directory, "go.sum"));
    return { runtime: "go", env: withPath(goDirectory()) };
}

/** Builds Pulumi's language host for YAML, which both engines find on PATH. */
export function yaml(): Toolchain {
    const script = `import { goBuild } from "${root}/scripts/sdk-gen/build.mjs";
        goBuild("${root}/scripts/sdk-gen/earlier", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
            "${root}/.cache/sdk-gen/pulumi-language-yaml");`;
    run(process.execPath, ["--input-type=module", "-e", script]);
    return { runtime: "yaml", env: withPath(join(root, ".cache/sdk-gen")) };
}

/** Tests of Java need a JDK and Maven, which the set-up doesn't install. */
export const hasJava = which("javac") !== undefined && which("mvn") !== undefined;

/** Class path of the SDK for Java and its dependencies. */
export function javaClassPath(): string {
    const pom = join(__dirname, "java/pom.xml");
    const packages = madeOnce(`java-${hash(readFileSync(pom))}`, (made) => {
        const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
        run("mvn", ["--quiet", "--batch-mode", "--file", pom, goal, `-DoutputDirectory=${made}`]);
    });
    const sdk = join(root, "sdk/java/src/main/java");
    const sources = run("find", [sdk, "-name", "*.java"]).toString().trim().split("\n").sort();
    const digest = hash(
        packages,
        readFileSync(join(root, "provider/schema.json")),
        ...sources.map((file) => readFileSync(file)),
    );
    const classes = madeOnce(`java-sdk-${digest}`, (made) => {
        run("javac", ["-nowarn", "-encoding", "UTF-8", "-cp", `${packages}/*`, "-d", made, ...sources]);
        // Resource files that the SDK's build would write.
        const resources = join(made, "io/github/pulumiportable/portable");
        const { name, version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
        writeFileSync(join(resources, "version.txt"), version);
        writeFileSync(join(resources, "plugin.json"), JSON.stringify({ resource: true, name, version }));
    });
    return `${classes}:${packages}/*`;
}

/** Builds a jar of the program in the directory, whose manifest has the class path. */
export function java(directory: string): Toolchain {
    const [sdk = "", packages = ""] = javaClassPath().split(":");
    const jars = run("sh", ["-c", `ls ${packages.slice(0, -1)}*.jar`])
        .toString()
        .trim()
        .split("\n");
    const classes = join(directory, "classes");
    mkdirSync(classes);
    run("javac", ["-nowarn", "-encoding", "UTF-8", "-cp", `${sdk}:${packages}`, "-d", classes, "App.java"], directory);
    // Lines of a manifest have at most 72 bytes; continuation lines begin with a space.
    const line = `Class-Path: ${[`${sdk}/`, ...jars].map((path) => `file://${path}`).join(" ")}`;
    const [head = "", ...rest] = line.match(/.{1,70}/g) ?? [];
    const manifest = join(directory, "manifest.txt");
    writeFileSync(manifest, `${[head, ...rest.map((part) => ` ${part}`)].join("\n")}\n`);
    run(
        "jar",
        ["--create", "--file", "program.jar", "--manifest", manifest, "--main-class", "App", "-C", classes, "."],
        directory,
    );
    return { runtime: { name: "java", options: { binary: "program.jar" } } };
}
