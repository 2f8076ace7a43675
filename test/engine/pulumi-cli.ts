import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Project } from "./engine";
import { type Command, operations, output, startEngine } from "./engine-process";

/** The Pulumi CLI, with home and backend below each project's `.cache`; `undefined` if it isn't on PATH. */
export async function pulumiCli(): Promise<Engine | undefined> {
    const found = await output({ command: "pulumi", args: ["version"], cwd: tmpdir(), env: process.env }).catch(
        () => "",
    );
    if (found === "") return undefined;
    const homeOf = ({ directory }: Project) => join(directory, ".cache", "pulumi");
    const command = (project: Project, args: string[], input?: string): Command => ({
        command: "pulumi",
        args: [...args, "--stack", project.stack, "--non-interactive", "--color", "never"],
        cwd: project.directory,
        env: {
            ...process.env,
            ...project.env,
            PULUMI_HOME: homeOf(project),
            PULUMI_BACKEND_URL: `file://${join(homeOf(project), "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            // Enables the hidden flag --event-log.
            PULUMI_DEBUG_COMMANDS: "true",
        },
        input,
    });
    const prepared = new Set<string>();
    const keyOf = ({ directory, stack }: Project) => `${directory} ${stack}`;
    const prepare = async (project: Project) => {
        // The lock of a killed engine must be removed.
        if (prepared.has(keyOf(project))) await output(command(project, ["cancel", "--yes"])).catch(() => "");
        mkdirSync(join(homeOf(project), "state"), { recursive: true });
        await output(command(project, ["stack", "select", "--create"]));
        prepared.add(keyOf(project));
        for (const [key, value] of Object.entries(project.config ?? {})) {
            await output(command(project, ["config", "set", key], value));
        }
        for (const [key, value] of Object.entries(project.secretConfig ?? {})) {
            await output(command(project, ["config", "set", "--secret", key], value));
        }
    };
    const killed = new Set<string>();
    return {
        name: "pulumi",
        ...operations(async (operation, project, { diff, refresh } = {}) => {
            if (!prepared.has(keyOf(project)) || killed.delete(keyOf(project))) await prepare(project);
            const flags = [...(diff ? ["--diff"] : []), ...(refresh ? ["--refresh"] : [])];
            const sure = operation === "preview" ? [] : ["--skip-preview", "--yes"];
            const running = startEngine((eventLog) =>
                command(project, [operation, ...sure, ...flags, "--event-log", eventLog]),
            );
            const kill = () => {
                killed.add(keyOf(project));
                running.kill();
            };
            return { ...running, kill };
        }),
        exportState: async (project) => JSON.parse(await output(command(project, ["stack", "export"]))),
        importState: async (project, state) => {
            if (!prepared.has(keyOf(project))) await prepare(project);
            await output(command(project, ["stack", "import"], JSON.stringify(state)));
        },
        forget: async (project) => {
            if (!prepared.delete(keyOf(project))) return;
            await output(command(project, ["stack", "rm", "--force", "--yes"]));
        },
    };
}
