import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Launch, launchOf } from "./languages";
import type { ProjectFile } from "./project-file";
import { startYamlProgram } from "./yaml-program";

export interface ProgramOptions {
    project: ProjectFile;
    stack: string;
    /** Address of the ResourceMonitor, Engine and Loader services. */
    address: string;
    preview: boolean;
    config: Record<string, string>;
    secretKeys: string[];
    /** Called for each line that the program prints. */
    print(line: string, stream: "stdout" | "stderr"): void;
}

/** A running program; `ended` resolves to its exit code. */
export interface Program {
    child: ChildProcess;
    ended: Promise<number | null>;
}

/** Exit code of a program that has reported its error itself. */
export const ERROR_ALREADY_SHOWN = 32;

/** Starts the user's program as Pulumi's language host does. */
export function startProgram(options: ProgramOptions): Program {
    if (options.project.runtime === "yaml") return startYamlProgram(options);
    return spawnProgram(launchOf(options), options);
}

/** Starts the process of a program and passes on the lines that it prints. */
export function spawnProgram({ command, args, env }: Launch, { project, print }: ProgramOptions): Program {
    const child = spawn(command, args, {
        cwd: project.programDirectory,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env },
    });
    createInterface(child.stdout).on("line", (line) => print(line, "stdout"));
    createInterface(child.stderr).on("line", (line) => print(line, "stderr"));
    const ended = new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
    });
    return { child, ended };
}
