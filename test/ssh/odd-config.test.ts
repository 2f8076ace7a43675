import { execFile, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Connection } from "../../provider/host/connection";
import { sh } from "../../provider/host/shell";
import { createPool } from "../../provider/ssh/pool";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, SshHome } from "./hosts";
import { type OddConfig, oddConfigs } from "./ways/odd-configs";

const home = new SshHome();
let host: TestHost;

beforeAll(async () => {
    host = await bootHost();
    const inHome = (name: string) => join(home.directory, name);
    home.write("known_hosts", `${host.address} ${host.hostKey}\n`);
    home.write("empty", "");
    copyFileSync(host.privateKeyPath, inHome("key"));
    copyFileSync(host.privateKeyPath, inHome(`key-web1-${host.address}-root-22`));
    copyFileSync(host.privateKeyPath, inHome("key with space"));
    home.write("known_hosts-crlf", `${host.address} ${host.hostKey}\r\n`);
    mkdirSync(inHome("conf.d/more"), { recursive: true });
    home.write("conf.d/10-first.conf", `Include ${inHome("conf.d/more")}/*.conf\n`);
    home.write("conf.d/more/web.conf", `Host web1\n HostName ${host.address}\n User root\n`);
    home.write("conf.d/20-second.conf", `Host web1\n IdentityFile ${inHome("key")}\n`);
    const hash = await hashOf("web1");
    copyFileSync(host.privateKeyPath, inHome(`key-${hash}`));
    home.write(`known_hosts-${hash}`, `${host.address} ${host.hostKey}\n`);
    home.write("pass-socket", PASS_SOCKET);
    chmodSync(inHome("pass-socket"), 0o700);
}, bootTimeoutMs);

afterAll(async () => {
    await host?.down();
    home.remove();
}, bootTimeoutMs);

/** Connects and passes the socket to ssh, for ProxyUseFdpass. */
const PASS_SOCKET = `#!/usr/bin/env python3
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
socket.send_fds(socket.socket(fileno=1), [b"x"], [peer.fileno()])
`;

function configure({ config, isWhole }: OddConfig): void {
    const filled = config.replaceAll("%A", host.address).replaceAll("%D", home.directory);
    const block = `Host web1\n HostName ${host.address}\n User root\n IdentityFile ${home.directory}/key\n`;
    home.configure(isWhole ? filled : `${filled}\n${block}`);
}

async function whoami(connection: Connection): Promise<string> {
    const pool = createPool();
    try {
        return (await (await pool.connect({ dialErrorLimit: 1, ...connection })).run(sh`id -un`)).stdout;
    } finally {
        pool.close();
    }
}

describe.each(oddConfigs)("$name", (odd) => {
    test("works with ssh, and so through both clients", async () => {
        configure(odd);
        const added = Object.fromEntries(
            Object.entries(odd.environment ?? {}).map(([key, value]) => [key, value.replace("%D", home.directory)]),
        );
        const former = Object.keys(added).map((name) => [name, process.env[name]] as const);
        Object.assign(process.env, added);
        const name = odd.isNumber ? host.address.slice(1) : "web1";
        try {
            if (!odd.isWithoutCommand) await sshTrue(name);
            const asked = (["auto", "openssh"] as const).map((client) => whoami({ host: name, client }));
            expect(await Promise.all(asked)).toEqual(["root\n", "root\n"]);
        } finally {
            for (const [variable, value] of former) {
                if (value === undefined) delete process.env[variable];
                else process.env[variable] = value;
            }
        }
    });
});

/** Expands `%C` of ssh_config by ssh itself: what it is a hash of depends on the version of ssh. */
async function hashOf(name: string): Promise<string> {
    const config = `Host ${name}\n HostName ${host.address}\n User root\n ControlPath %D/%C\n`;
    home.configure(config);
    const args = ["-F", process.env.PORTABLE_SSH_CONFIG as string, "-G", name];
    const { stdout } = await promisify(execFile)("ssh", args);
    return /^controlpath .*\/([0-9a-f]+)$/m.exec(stdout)?.[1] ?? "";
}

/** @throws an error with the output of `ssh NAME true` if that fails */
function sshTrue(name: string): Promise<void> {
    const args = ["-F", process.env.PORTABLE_SSH_CONFIG as string, name, "true"];
    return new Promise((resolve, reject) => {
        const child = spawn("ssh", args, { env: process.env, stdio: ["ignore", "ignore", "pipe"] });
        let printed = "";
        child.stderr.on("data", (bytes) => (printed += bytes));
        child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`ssh ${name} true: ${printed}`))));
    });
}
