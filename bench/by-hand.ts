import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestHost } from "../test/hosts";
import type { Found, Setup } from "./contender";
import { firstLine, runCommand } from "./run-command";

/** A shell script over ssh and scp: a connection for each command, or one for all. */
export async function shellContenders(setup: Setup): Promise<Found[]> {
    const version = (await runCommand("sh", ["-c", "ssh -V 2>&1"])).trim();
    const script = path.join(__dirname, "shell/deploy.sh");
    const dropIn = path.join(setup.directory, "drop-in.conf");
    const contender = (name: string, description: string, env: NodeJS.ProcessEnv): Found => ({
        name,
        description,
        deploy: async (hosts, wanted) => {
            writeFileSync(dropIn, `[Service]\nEnvironment=NAME=${wanted.name}\n`);
            const aliases = hosts.map((host) => host.name);
            await runCommand("sh", [script, wanted.image, dropIn, setup.sshConfigPath, ...aliases], {
                env: { ...process.env, ...env },
            });
        },
        remove: removeAll,
    });
    return [
        contender("shell", `scp, ssh and portablectl (bench/shell), ${version}`, {}),
        contender("shell, ControlMaster", "the same over one connection to each host", { SHARED: "1" }),
    ];
}

/** Ansible as its documentation advises for speed: no facts, pipelining, ControlPersist. */
export async function ansibleContenders(setup: Setup): Promise<Found[]> {
    const version = await firstLine("ansible-playbook", ["--version"]);
    if (version === undefined) return [{ name: "Ansible", missing: "no `ansible-playbook` on PATH" }];
    const directory = path.join(setup.directory, "ansible");
    const inventory = path.join(directory, "inventory");
    const sockets = path.join(directory, "sockets");
    const env = {
        ...process.env,
        ANSIBLE_PIPELINING: "1",
        ANSIBLE_SSH_ARGS: `-F ${setup.sshConfigPath} -C -o ControlMaster=auto -o ControlPersist=60s`,
        ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
        ANSIBLE_LOCAL_TEMP: path.join(directory, "tmp"),
        ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
        LC_ALL: "C.UTF-8",
    };
    mkdirSync(directory, { recursive: true });
    return [
        {
            name: "Ansible",
            description: `${version}: copy, template and command (bench/ansible), pipelining, no facts`,
            deploy: async (hosts, wanted) => {
                writeFileSync(inventory, hosts.map((host) => `${host.name}\n`).join(""));
                const variables = {
                    image: wanted.image,
                    path: `/var/lib/portables/${path.basename(wanted.image)}`,
                    name: wanted.name,
                    service: setup.service,
                };
                await runCommand(
                    "ansible-playbook",
                    ["-i", inventory, "-e", JSON.stringify(variables), path.join(__dirname, "ansible/playbook.yml")],
                    { env },
                );
            },
            remove: removeAll,
        },
    ];
}

async function removeAll(hosts: readonly TestHost[]): Promise<void> {
    const script = readFileSync(path.join(__dirname, "shell/remove.sh"), "utf8");
    await Promise.all(hosts.map((host) => host.exec(script)));
}
