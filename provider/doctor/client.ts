import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { squashfs } from "../image/pack/squashfs";
import type { Finding } from "./finding";
import { installCommand, type Packages } from "./packages";

interface Tool {
    command: [program: string, ...args: string[]];
    /** The purpose of the program, as in "ssh, which reads ~/.ssh/config". */
    use: string;
    packages: Packages;
    isRequired?: boolean;
}

const OPENSSH: Packages = {
    apt: "openssh-client",
    dnf: "openssh-clients",
    zypper: "openssh-clients",
    pacman: "openssh",
    brew: "openssh",
};
const all = (name: string): Packages => ({ apt: name, dnf: name, zypper: name, pacman: name, brew: name });

const TOOLS: Tool[] = [
    { command: ["ssh", "-V"], use: "which reads ~/.ssh/config", packages: OPENSSH, isRequired: true },
    { command: ["ssh-keygen", "-?"], use: "which reads known_hosts", packages: OPENSSH, isRequired: true },
    {
        command: ["unsquashfs", "-version"],
        use: "to check ready images",
        packages: { ...all("squashfs-tools"), zypper: "squashfs", brew: "squashfs" },
    },
    {
        command: ["mkfs.erofs", "--version"],
        use: 'for `format: "erofs"`',
        packages: all("erofs-utils"),
    },
    { command: ["npm", "--version"], use: "for `runtime.node`", packages: { ...all("npm"), brew: "node" } },
    {
        command: ["python3", "-m", "venv", "--help"],
        use: "for `runtime.python`",
        packages: { ...all("python3"), apt: "python3 python3-venv", pacman: "python", brew: "python" },
    },
    { command: ["skopeo", "--version"], use: "for container images from a registry", packages: all("skopeo") },
    {
        command: ["nix", "--version"],
        use: "for the sources `nix` and `closure`",
        packages: { apt: "nix-bin", dnf: "nix", pacman: "nix", brew: "nix" },
    },
];

const OLDEST_NODE = 22;

/** Lists the present and missing programs on this machine, which runs Pulumi. */
export async function clientFindings(): Promise<Finding[]> {
    const os = await systemIds();
    return Promise.all([
        pulumiFinding(),
        nodeFinding(),
        packerFinding(os),
        ...TOOLS.map((tool) => toolFinding(tool, os)),
    ]);
}

/** ID and ID_LIKE of this machine's os-release(5); the platform's name if there is none. */
async function systemIds(): Promise<string[]> {
    const text = await readFile("/etc/os-release", "utf8").catch(() => "");
    const ids = [...text.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, value = ""]) => value.split(" "));
    return ids.length > 0 ? ids : [process.platform];
}

async function pulumiFinding(): Promise<Finding> {
    const version = await outputOf(["pulumi", "version"]);
    return version === undefined
        ? { state: "missing", what: "the Pulumi CLI", todo: "See https://www.pulumi.com/docs/install/" }
        : { state: "ok", what: `Pulumi CLI ${version.trim()}` };
}

async function nodeFinding(): Promise<Finding> {
    const isEnough = Number(process.versions.node.split(".")[0]) >= OLDEST_NODE;
    return isEnough
        ? { state: "ok", what: `Node.js ${process.versions.node}` }
        : {
              state: "missing",
              what: `Node.js ${OLDEST_NODE} or later (this is ${process.versions.node})`,
              todo: "See https://nodejs.org/en/download",
          };
}

async function packerFinding(os: readonly string[]): Promise<Finding> {
    try {
        const [, version] = await squashfs.version();
        return { state: "ok", what: `mksquashfs ${version}, which packs images` };
    } catch {
        return {
            state: "missing",
            what: "mksquashfs 4.5 or later, which packs images",
            todo: installCommand({ ...all("squashfs-tools"), zypper: "squashfs", brew: "squashfs" }, os),
        };
    }
}

async function toolFinding({ command, use, packages, isRequired }: Tool, os: readonly string[]): Promise<Finding> {
    const what = `${command[0]}, ${use}`;
    if ((await outputOf(command)) !== undefined) return { state: "ok", what };
    return { state: isRequired ? "missing" : "optional", what, todo: installCommand(packages, os) };
}

/** Output of the program; undefined if it isn't installed, or lacks a module that its arguments name. */
async function outputOf([program, ...args]: readonly [string, ...string[]]): Promise<string | undefined> {
    return promisify(execFile)(program, args, { timeout: 20_000 }).then(
        ({ stdout }) => stdout,
        // Some programs print their version or help with a non-zero exit status.
        (error) => (error.code === "ENOENT" || /No module named/.test(error.stderr ?? "") ? undefined : ""),
    );
}
