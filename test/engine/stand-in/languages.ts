import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { ProgramOptions } from "./program";

/** The command that runs a program. */
export interface Launch {
    command: string;
    args: string[];
    env: Record<string, string>;
}

const LAUNCHES: Record<string, (options: ProgramOptions) => Launch> = {
    nodejs: launchNode,
    python: launchPython,
    go: launchGo,
    java: launchJava,
};

/** The supported values of `runtime` in Pulumi.yaml. */
export const RUNTIMES = [...Object.keys(LAUNCHES), "yaml"];

export function launchOf(options: ProgramOptions): Launch {
    return (LAUNCHES[options.project.runtime] as (options: ProgramOptions) => Launch)(options);
}

/** Starts a program as sdk/nodejs/cmd/pulumi-language-nodejs does. */
function launchNode(options: ProgramOptions): Launch {
    const { project } = options;
    const runner = createRequire(join(project.programDirectory, "index.js")).resolve("@pulumi/pulumi/cmd/run");
    const { typescript = true, tsconfig, nodeargs } = project.runtimeOptions;
    const args = [
        ...(nodeargs?.split(/\s+/) ?? []),
        runner,
        ...["--monitor", options.address, "--engine", options.address],
        ...["--organization", "organization", "--project", project.name, "--stack", options.stack],
        ...["--root-directory", project.root, "--pwd", project.programDirectory, "--parallel", "16"],
        ...(options.preview ? ["--dry-run"] : []),
        project.entry,
    ];
    const env = {
        ...configuration(options),
        ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
        ...(tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
    };
    return { command: process.execPath, args, env };
}

/** Does what pulumi-language-python-exec does: the SDK gets its settings by a function call. */
const RUN_PYTHON = `
import asyncio, os, runpy, sys
import pulumi, pulumi.runtime
env = os.environ
pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
pulumi.runtime.configure(pulumi.runtime.Settings(
    monitor=env["PULUMI_MONITOR"],
    engine=env["PULUMI_ENGINE"],
    project=env["PULUMI_PROJECT"],
    stack=env["PULUMI_STACK"],
    parallel=int(env["PULUMI_PARALLEL"]),
    dry_run=env["PULUMI_DRYRUN"] == "true",
    organization=env["PULUMI_ORGANIZATION"],
    root_directory=env["PULUMI_ROOT_DIRECTORY"],
))
asyncio.run(pulumi.runtime.run_in_stack(lambda: runpy.run_path(sys.argv[1], run_name="__main__")))
`;

function launchPython(options: ProgramOptions): Launch {
    const { project } = options;
    const { virtualenv } = project.runtimeOptions;
    const python = virtualenv === undefined ? "python3" : resolve(project.root, virtualenv, "bin/python");
    return { command: python, args: ["-c", RUN_PYTHON, project.entry], env: settings(options) };
}

function launchGo(options: ProgramOptions): Launch {
    const { project } = options;
    const binary = join(project.root, ".cache", "program");
    execFileSync("go", ["build", "-o", binary, "."], { cwd: project.programDirectory, stdio: "pipe" });
    return { command: binary, args: [], env: settings(options) };
}

/** Runs the jar of the option `binary`. Without it, Pulumi's language host would run Maven or Gradle. */
function launchJava(options: ProgramOptions): Launch {
    const { binary } = options.project.runtimeOptions;
    if (binary === undefined) throw new Error("the stand-in engine runs a Java program as runtime.options.binary only");
    return { command: "java", args: ["-jar", resolve(options.project.root, binary)], env: settings(options) };
}

/** Environment variables that the SDKs for Go and Java read. */
function settings(options: ProgramOptions): Record<string, string> {
    const { project, stack, address, preview } = options;
    return {
        ...configuration(options),
        PULUMI_ORGANIZATION: "organization",
        PULUMI_PROJECT: project.name,
        PULUMI_STACK: stack,
        PULUMI_ROOT_DIRECTORY: project.root,
        PULUMI_PWD: project.programDirectory,
        // The SDK for Java reads this name.
        PULUMI_DRYRUN: String(preview),
        PULUMI_DRY_RUN: String(preview),
        PULUMI_PARALLEL: "16",
        PULUMI_MONITOR: address,
        PULUMI_ENGINE: address,
    };
}

function configuration({ config, secretKeys }: ProgramOptions): Record<string, string> {
    return { PULUMI_CONFIG: JSON.stringify(config), PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys) };
}
