import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { parseSnapshot, type Snapshot } from "./snapshot";

export { diffSnapshots, type Snapshot } from "./snapshot";

const hostsScript = path.join(__dirname, "hosts.sh");
const snapshotProgram = path.join(__dirname, "snapshot.py");

export interface CommandResult {
    /** Exit status; 255 if a signal ended the command or if ssh couldn't connect. */
    code: number;
    stdout: string;
    stderr: string;
}

/** Debian 12 with systemd 252, Debian 13 with 257, and unstable Debian with the newest (262 when it was added). */
export type Suite = "bookworm" | "trixie" | "sid";

const onlySuite = process.env.PORTABLE_TEST_SUITE as Suite | undefined;
/** Suites for tests that run on several. With PORTABLE_TEST_SUITE all tests run on that suite (`make test-next`). */
export const suites: readonly Suite[] = onlySuite ? [onlySuite] : ["bookworm", "trixie"];
const defaultSuite = suites[0] as Suite;

export interface TestHostOptions {
    /** The first of {@link suites} by default. */
    suite?: Suite;
    /** Packages or files (`/usr/bin/zstd`) to remove; portablectl is in the package systemd-container. */
    without?: string[];
}

/** A Debian host with systemd, sshd and portabled. It can reach this machine and other hosts, and no other network. */
export interface TestHost {
    /** The host name, which is also its alias in `sshConfigPath`. */
    readonly name: string;
    readonly suite: string;
    /** IPv4 address. */
    readonly address: string;
    /** Another address of the same machine. */
    readonly secondAddress: string;
    readonly port: number;
    /** Public host key: `ssh-ed25519 AAAA...`. It differs between hosts and stays the same after a power-off. */
    readonly hostKey: string;
    /** Key of the users `root`, `deploy` (who may run everything with sudo) and `nosudo` (who may not). */
    readonly privateKeyPath: string;
    /** known_hosts file with the host key under the name and both addresses. */
    readonly knownHostsPath: string;
    readonly sshConfigPath: string;

    /** Runs a shell command over ssh, by default as root. `input` is its standard input. */
    ssh(command: string, options?: { user?: string; input?: string }): Promise<CommandResult>;
    /** Runs a shell command as root without sshd: works while sshd is stopped, and leaves no record of a login. */
    exec(command: string, options?: { input?: string }): Promise<CommandResult>;
    /** Sends a GET request on a new connection. Rejects if there is no answer. `path` starts with a slash. */
    http(port: number, path: string): Promise<{ status: number; body: string }>;
    /**
     * Files, mounts, loop devices, units and users of the host, for `diffSnapshots`. Takes about half a second. Waits for the
     * lock, as an operation may still clean up after it has reported its result.
     */
    snapshot(): Promise<Snapshot>;
    /** Cuts the power: all processes are killed, the disk stays. */
    poweroff(): Promise<void>;
    /** Boots the host again with the same disk and addresses. */
    boot(): Promise<void>;
    /** Removes the host and its disk, unless it is the host that stays up (PORTABLE_TEST_HOST). */
    down(): Promise<void>;
}

let booted = 0;
let sharedInUse = false;

/**
 * Boots a host, in about a second once the root file system of its suite exists. If this process exits without `down`, the
 * host is removed when the next one is booted.
 *
 * With `PORTABLE_TEST_HOST=NAME` in the environment, returns the host of that name, which stays up (`make host-up`), if it
 * fits: without `without`, with the same suite, and not in use by this process yet.
 */
export async function bootHost(options: TestHostOptions = {}): Promise<TestHost> {
    const shared = await sharedHost(options);
    if (shared) return shared;
    const name = `t${process.pid}-${++booted}`;
    const without = (options.without ?? []).flatMap((what) => ["--without", what]);
    const suite = options.suite ?? defaultSuite;
    await hostsCommand("up", name, "--owner", String(process.pid), "--suite", suite, ...without);
    return hostNamed(name, () => hostsCommand("down", name));
}

async function sharedHost(options: TestHostOptions): Promise<TestHost | undefined> {
    const name = process.env.PORTABLE_TEST_HOST;
    if (!name || options.without?.length || sharedInUse) return undefined;
    // Set before the first await, as another call may be made meanwhile.
    sharedInUse = true;
    const host = await hostNamed(name, async () => {
        sharedInUse = false;
    });
    if (host.suite === (options.suite ?? defaultSuite)) return host;
    sharedInUse = false;
    return undefined;
}

async function hostNamed(name: string, down: () => Promise<unknown>): Promise<TestHost> {
    const shown = JSON.parse(await hostsCommand("show", name));
    const sshConfigPath = path.join(shown.directory, "ssh_config");
    const exec: TestHost["exec"] = (command, { input } = {}) =>
        run(hostsScript, ["exec", name, "sh", "-c", command], input);
    return {
        name,
        suite: shown.suite,
        address: shown.address,
        secondAddress: shown.secondAddress,
        port: 22,
        hostKey: shown.hostKey,
        privateKeyPath: shown.privateKeyPath,
        knownHostsPath: path.join(shown.directory, "known_hosts"),
        sshConfigPath,
        ssh: (command, { user = "root", input } = {}) =>
            run("ssh", ["-F", sshConfigPath, "-o", "BatchMode=yes", "-l", user, name, command], input),
        exec,
        http: (port, path) => get(shown.address, port, path),
        snapshot: async () =>
            parseSnapshot(
                succeeded(
                    await exec("flock /var/lib/private python3 -", { input: readFileSync(snapshotProgram, "utf8") }),
                ),
            ),
        poweroff: async () => void (await hostsCommand("poweroff", name)),
        boot: async () => void (await hostsCommand("up", name)),
        down: async () => void (await down()),
    };
}

/**
 * What is left on this machine of a host (without a name: of all hosts): processes, cgroups, mounts, network namespaces and
 * interfaces, files, and loop devices of removed hosts. A line each; none after `down`.
 */
export async function hostLeftovers(name?: string): Promise<string[]> {
    const lines = await hostsCommand("leftovers", ...(name ? [name] : []));
    return lines.split("\n").filter((line) => line !== "");
}

/** Runs hosts.sh and returns its standard output. */
export async function hostsCommand(...args: string[]): Promise<string> {
    return succeeded(await run(hostsScript, args));
}

function succeeded(result: CommandResult): string {
    if (result.code !== 0) throw new Error(`exit status ${result.code}: ${result.stderr || result.stdout}`);
    return result.stdout;
}

function run(program: string, args: string[], input = ""): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
        const output = { stdout: "", stderr: "" };
        child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
        child.on("error", reject);
        child.on("close", (code) => resolve({ code: code ?? 255, ...output }));
        child.stdin.on("error", () => undefined); // EPIPE if the command exits without reading its input
        child.stdin.end(input);
    });
}

function get(host: string, port: number, path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
        const request = http.get({ host, port, path, agent: false, timeout: 10_000 }, (response) => {
            let body = "";
            response.setEncoding("utf8").on("data", (text) => (body += text));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
            response.on("error", reject);
        });
        request.on("timeout", () => request.destroy(new Error(`${host}:${port} gave no answer within 10 s`)));
        request.on("error", reject);
    });
}
