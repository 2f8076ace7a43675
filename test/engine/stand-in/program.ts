import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ProjectFile } from "./project-file";

export interface ProgramOptions {
    project: ProjectFile;
    stack: string;
    /** Address of the ResourceMonitor and Engine services. */
    address: string;
    preview: boolean;
    config: Record<string, string>;
    secretKeys: string[];
    /** Lines that the program prints. */
    print(line: string, stream: "stdout" | "stderr"): void;
}

/** A program has told of its error itself when it ends with this code. */
export const ERROR_ALREADY_SHOWN = 32;

/** Starts the user's Node program the way Pulumi's language host does (sdk/nodejs/cmd/pulumi-language-nodejs). */
export function startProgram(options: ProgramOptions): { child: ChildProcess; ended: Promise<number | null> } {
    const { project } = options;
    const runner = createRequire(join(project.programDirectory, "index.js")).resolve("@pulumi/pulumi/cmd/run");
    const { typescript = true, tsconfig, nodeargs } = project.runtimeOptions;
    const child = spawn(
        process.execPath,
        [
            ...(nodeargs?.split(/\s+/) ?? []),
            runner,
            ...["--monitor", options.address, "--engine", options.address],
            ...["--organization", "organization", "--project", project.name, "--stack", options.stack],
            ...["--root-directory", project.root, "--pwd", project.programDirectory, "--parallel", "16"],
            ...(options.preview ? ["--dry-run"] : []),
            project.entry,
        ],
        {
            cwd: project.programDirectory,
            stdio: ["ignore", "pipe", "pipe"],
            env: {
                ...process.env,
                PULUMI_CONFIG: JSON.stringify(options.config),
                PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(options.secretKeys),
                ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
                ...(tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
            },
        },
    );
    createInterface(child.stdout).on("line", (line) => options.print(line, "stdout"));
    createInterface(child.stderr).on("line", (line) => options.print(line, "stderr"));
    const ended = new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    return { child, ended };
}
