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

/** Pulumi's own packages, as programs of users have them. */
const PYTHON_PACKAGES = ["pulumi==3.272.0", "parver==1.0.1.post0", "semver==3.1.2", "setuptools==80.9.0"];

/** What a program in a language needs beside it. */
export interface Toolchain {
    /** The `runtime` of Pulumi.yaml. */
    runtime: unknown;
    /** Added to the environment of the engine. */
    env?: Record<string, string>;
}

const run = (command: string, args: string[], cwd = root, env: Record<string, string> = {}) =>
    execFileSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });

/** A directory that is made once: `make` fills it, and one that was interrupted is made anew. */
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

/** The SDK is installed beside the virtual environment, which is the same for every version of it. */
export function python(directory: string): Toolchain {
    const environment = pythonEnvironment();
    const sdk = mkdtempSync(join(tmpdir(), "portable-sdk-python-"));
    try {
        // Building leaves files in the source.
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

/** Directory of the `go` that the generators are built with; it comes along where there is none. */
export function goDirectory(): string {
    return run(join(root, "scripts/go.sh"), []).toString().trim();
}

export const withPath = (...directories: string[]) => ({
    PATH: [...directories, process.env.PATH].join(delimiter),
});

/** Makes the directory a Go module that finds the SDK in the repository. */
export function go(directory: string): Toolchain {
    const template = join(__dirname, "go");
    const text = readFileSync(join(template, "go.mod"), "utf8").replace("../../../sdk/go", join(root, "sdk/go"));
    writeFileSync(join(directory, "go.mod"), text);
    cpSync(join(template, "go.sum"), join(directory, "go.sum"));
    return { runtime: "go", env: withPath(goDirectory()) };
}

/** Pulumi's interpreter of YAML programs, which both engines find on PATH. */
export function yaml(): Toolchain {
    const script = `import { goBuild } from "${root}/scripts/sdk-gen/build.mjs";
        goBuild("${root}/scripts/sdk-gen/earlier", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
            "${root}/.cache/sdk-gen/pulumi-language-yaml");`;
    run(process.execPath, ["--input-type=module", "-e", script]);
    return { runtime: "yaml", env: withPath(join(root, ".cache/sdk-gen")) };
}

/** A JDK and Maven are not installed for the tests: Java runs where they are. */
export const hasJava = which("javac") !== undefined && which("mvn") !== undefined;

/** The class path of the SDK for Java and of what it depends on. */
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
        // What the build of the SDK writes beside its classes.
        const resources = join(made, "io/github/pulumiportable/portable");
        const { name, version } = JSON.parse(readFileSync(join(root, "provider/schema.json"), "utf8"));
        writeFileSync(join(resources, "version.txt"), version);
        writeFileSync(join(resources, "plugin.json"), JSON.stringify({ resource: true, name, version }));
    });
    return `${classes}:${packages}/*`;
}

/** A jar of the program in the directory, with the paths of all that it needs. */
export function java(directory: string): Toolchain {
    const [sdk = "", packages = ""] = javaClassPath().split(":");
    const jars = run("sh", ["-c", `ls ${packages.slice(0, -1)}*.jar`])
        .toString()
        .trim()
        .split("\n");
    const classes = join(directory, "classes");
    mkdirSync(classes);
    run("javac", ["-nowarn", "-encoding", "UTF-8", "-cp", `${sdk}:${packages}`, "-d", classes, "App.java"], directory);
    // A line of a manifest has at most 72 bytes; the next one goes on after a space.
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
