import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { TestHost } from "../test/hosts";
import type { Found, Setup } from "./contender";
import type { Wanted } from "./hosts";
import { firstLine, runCommand } from "./run-command";

const root = path.resolve(__dirname, "..");
const versionOf = (name: string): string =>
    JSON.parse(readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")).version;
const ourVersion = versionOf("pulumi-portable");
const commandVersion = versionOf("@pulumi/command");

/** Names of columns. */
export const OURS = "portable";
export const OPENSSH = "portable by OpenSSH";
export const EMPTY = "no resources";
const COMMAND = "@pulumi/command";
const PIPED = "@pulumi/command piped";

/** The same service as two Pulumi programs, and a program without resources, each on the real CLI. */
export async function pulumiContenders(setup: Setup): Promise<Found[]> {
    const version = await firstLine("pulumi", ["version"]);
    if (version === undefined) {
        const missing = "no `pulumi` on PATH";
        return [OURS, OPENSSH, COMMAND, PIPED, EMPTY].map((name) => ({ name, missing }));
    }
    const workspace = new Workspace(setup);
    await workspace.install("portable", ourVersion, path.join(root, "provider"));
    const portable = await workspace.contender("portable", OURS, `this provider, Pulumi CLI ${version}`);
    const openssh = await workspace.contender("portable", OPENSSH, "the same with `client: openssh`", {
        settings: { "bench-portable:client": "openssh" },
    });
    const empty = await workspace.contender("empty", EMPTY, "`pulumi up` of a program without resources", {
        only: "no change",
    });
    const plugin = commandPlugin();
    const installed =
        plugin !== undefined && (await workspace.install("command", commandVersion, plugin).then(() => true));
    if (!installed) {
        const missing = "no pulumi-resource-command on PATH or in ~/.pulumi/plugins";
        return [portable, openssh, { name: COMMAND, missing }, { name: PIPED, missing }, empty];
    }
    const described = `@pulumi/command ${commandVersion}: CopyToRemote for image and drop-in, then Command; Pulumi CLI ${version}`;
    const command = await workspace.contender("command", COMMAND, described);
    const shorter = "the same, with the drop-in as standard input of the Command: a connection less";
    const piped = await workspace.contender("command", PIPED, shorter, { settings: { "bench-command:piped": true } });
    return [portable, openssh, command, piped, empty];
}

/** The plugin's program: on PATH, or as `pulumi plugin install resource command` left it. */
function commandPlugin(): string | undefined {
    const name = "pulumi-resource-command";
    const installed = path.join(process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi"), "plugins");
    const directories = [
        ...(process.env.PATH ?? "").split(":"),
        path.join(installed, `resource-command-v${commandVersion}`),
    ];
    return directories.map((directory) => path.join(directory, name)).find((file) => existsSync(file));
}

/** Pulumi with a home, a backend and projects of its own. */
class Workspace {
    private readonly env: NodeJS.ProcessEnv;

    constructor(private readonly setup: Setup) {
        const home = path.join(setup.directory, "pulumi");
        mkdirSync(path.join(home, "state"), { recursive: true });
        this.env = {
            ...process.env,
            PULUMI_HOME: home,
            PULUMI_BACKEND_URL: `file://${home}/state`,
            PULUMI_CONFIG_PASSPHRASE: "bench",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            PORTABLE_SSH_CONFIG: setup.sshConfigPath,
        };
        symlinkSync(path.join(root, "node_modules"), path.join(setup.directory, "node_modules"));
        cpSync(path.join(__dirname, "shell"), path.join(setup.directory, "shell"), { recursive: true });
    }

    private pulumi(cwd: string, ...args: string[]): Promise<string> {
        return runCommand("pulumi", ["--non-interactive", ...args], { cwd, env: this.env });
    }

    async install(name: string, version: string, file: string): Promise<void> {
        await this.pulumi(this.setup.directory, "plugin", "install", "resource", name, version, "--file", file);
    }

    async contender(
        project: string,
        name: string,
        description: string,
        { only, settings: further = {} }: { only?: string; settings?: Record<string, unknown> } = {},
    ): Promise<Found> {
        const stack = name.replace(/\W+/g, "-").replace(/^-/, "");
        const directory = path.join(this.setup.directory, stack);
        cpSync(path.join(__dirname, project), directory, { recursive: true });
        await this.pulumi(directory, "stack", "init", stack);
        const settings = path.join(directory, `Pulumi.${stack}.yaml`);
        const salt = readFileSync(settings, "utf8");
        return {
            name,
            description,
            only,
            deploy: async (hosts, wanted) => {
                const config = { ...configuration(project, hosts, wanted), ...further };
                writeFileSync(settings, `${salt}config: ${JSON.stringify(config)}\n`);
                await this.pulumi(directory, "up", "--yes", "--stack", stack);
            },
            remove: async () =>
                void (await this.pulumi(directory, "destroy", "--yes", "--skip-preview", "--stack", stack)),
        };
    }
}

function configuration(project: string, hosts: readonly TestHost[], { image, name }: Wanted): Record<string, unknown> {
    return {
        [`bench-${project}:hosts`]: hosts.map(({ name, address, port, privateKeyPath, hostKey }) => ({
            name,
            address,
            port,
            privateKeyPath,
            hostKey,
        })),
        [`bench-${project}:image`]: image,
        [`bench-${project}:name`]: name,
    };
}
