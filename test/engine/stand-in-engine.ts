import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle } from "./bundle";
import type { Engine, Project } from "./engine";
import { type Command, operations, output, startEngine } from "./engine-process";

/** The stand-in engine, which runs as a process, as the Pulumi CLI does. */
export function standIn(): Engine {
    const cli = bundle("cli.ts", join(__dirname, "..", "..", ".cache", "stand-in"));
    const stateFile = ({ directory, stack }: Project) => join(directory, ".cache", "stand-in", `${stack}.json`);
    const command = (project: Project, args: string[]): Command => ({
        command: process.execPath,
        args: [cli, ...args, "--cwd", project.directory, "--stack", project.stack],
        cwd: project.directory,
        env: {
            ...process.env,
            ...project.env,
            PULUMI_CONFIG_PASSPHRASE: "test",
            STAND_IN_SECRET_CONFIG: JSON.stringify(project.secretConfig ?? {}),
        },
    });
    return {
        name: "stand-in",
        ...operations(async (operation, project, { diff, refresh } = {}) =>
            startEngine((eventLog) => {
                const config = Object.entries(project.config ?? {}).flatMap(([key, value]) => [
                    "--config",
                    `${key}=${value}`,
                ]);
                const flags = [...(diff ? ["--diff"] : []), ...(refresh ? ["--refresh"] : [])];
                return command(project, [operation, ...flags, ...config, "--event-log", eventLog]);
            }),
        ),
        exportState: async (project) => JSON.parse(await output(command(project, ["export"]))),
        importState: async (project, state) => {
            mkdirSync(dirname(stateFile(project)), { recursive: true });
            writeFileSync(stateFile(project), JSON.stringify(state));
        },
        forget: async (project) => rmSync(stateFile(project), { force: true }),
    };
}
