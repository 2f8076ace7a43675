import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { parseSnapshot, type Snapshot } from "./snapshot";

export { diffSnapshots, type Snapshot } from "./snapshot";

const hostsScript = path.join(__dirname, "hosts.sh");
const snapshotProgram = path.join(__dirname, "snapshot.py");

export interface CommandResult {
    /** Exit status; 255 when a signal ended the command or, over ssh, when no connection came about. */
    code: number;
    stdout: string;
    stderr: string;
}

/** Debian 12 with systemd 252, Debian 13 with 257, and the unstable Debian with the newest (262 when it was added). */
export type Suite = "bookworm" | "trixie" | "sid";

const onlySuite = process.env.PORTABLE_TEST_SUITE as Suite | undefined;
/** The suites of tests that run on several; PORTABLE_TEST_SUITE has all tests run on that one alone (`make test-next`). */
export const suites: readonly Suite[] = onlySuite ? [onlySuite] : ["bookworm", "trixie"];
const defaultSuite = suites[0] as Suite;

export interface TestHostOptions {
    /** The first of {@link suites} by default. */
    suite?: Suite;
    /** Packages or files (`/usr/bin/zstd`) that the host lacks; portablectl is in the package systemd-container. */
    without?: string[];
}

/** A real Debian host with systemd, sshd and portabled. It reaches this machine and the other hosts, nothing else. */
export interface TestHost {
    /** Its host name; also its alias in the file `sshConfigPath`. */
    readonly name: string;
    readonly suite: string;
    /** IPv4 address. */
    readonly address: string;
    /** Another address of the same machine. */
    readonly secondAddress: string;
    readonly port: number;
    /** Public host key: `ssh-ed25519 AAAA...`. Each host has its own; it outlives a power-off. */
    readonly hostKey: string;
    /** Key that logs in as `root`, as `deploy` (may run everything with sudo) and as `nosudo` (may not). */
    readonly privateKeyPath: string;
    /** known_hosts with the host key under the name and both addresses. */
    readonly knownHostsPath: string;
    readonly sshConfigPath: string;

    /** Runs a shell command over ssh; as root unless `user` is given. `input` is its standard input. */
    ssh(command: string, options?: { user?: string; input?: string }): Promise<CommandResult>;
    /** Runs a shell command as root without sshd: it works while sshd is stopped, and leaves no trace of a login. */
    exec(command: string, options?: { input?: string }): Promise<CommandResult>;
    /** GET without keep-alive. Rejects when nobody answers. `path` starts with a slash. */
    http(port: number, path: string): Promise<{ status: number; body: string }>;
    /**
     * What the host holds now: files, mounts, loop devices, units, users; for `diffSnapshots`. About half a second. An
     * operation that has its answer and still tidies is waited for: it has the lock.
     */
    snapshot(): Promise<Snapshot>;
    /** Cuts the power: everything is killed, the disk stays. */
    poweroff(): Promise<void>;
    /** Boots it again with its disk and addresses. */
    boot(): Promise<void>;
    /** Takes it away with all it held; a host that stays up (PORTABLE_TEST_HOST) is left alone. */
    down(): Promise<void>;
}

let booted = 0;
let sharedInUse = false;

/**
 * Boots a host, in a second once the root of its suite is made. It goes at the latest when another one is booted
 * after this process has died.
 *
 * With `PORTABLE_TEST_HOST=NAME` in the environment, the host of that name, which stays up (`make host-up`), is handed
 * out in place of a new one where it fits: no `without`, the same suite, and not in use by this process already.
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
    // Taken before the first await: another host may be asked for meanwhile.
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
 * What this machine still holds of a host (of all hosts, without a name): processes, cgroups, mounts, network
 * namespaces and interfaces, files, and loop devices whose image is gone with its host. A line each; none after `down`.
 */
export async function hostLeftovers(name?: string): Promise<string[]> {
    const lines = await hostsCommand("leftovers", ...(name ? [name] : []));
    return lines.split("\n").filter((line) => line !== "");
}

/** Runs hosts.sh, and gives its standard output. */
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
        child.stdin.on("error", () => undefined); // a command that reads no input may end before it is written
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
