import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootHost, type TestHost } from "../../hosts";
import { SshHome } from "../hosts";
import { SecurityKeyAgent } from "./security-key";

export const PASSWORD = "s3cret pass 'word'";
export const PASSPHRASE = "open sesame phrase";
export const SUDO_PASSWORD = "sudo's own $ecret";

/** Two hosts that take every way in, and what logs in to them. */
export interface World {
    host: TestHost;
    jump: TestHost;
    securityKey: SecurityKeyAgent;
    agents: ChildProcess[];
}

export const home = new SshHome();
export const inHome = (name: string) => join(home.directory, name);
export const text = (name: string) => readFileSync(inHome(name), "utf8");
export const publicKey = (name: string) => text(`${name}.pub`).trim();

function makeKey(name: string, ...options: string[]): void {
    execFileSync("ssh-keygen", ["-q", "-f", inHome(name), ...(options.includes("-N") ? [] : ["-N", ""]), ...options]);
}

async function startAgent(socket: string, ...keys: string[]): Promise<ChildProcess> {
    const started = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    for (let step = 0; step < 100 && !existsSync(socket); step++) await sleep(20);
    for (const key of keys)
        execFileSync("ssh-add", [key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
    return started;
}

export async function makeWorld(): Promise<World> {
    const [host, jump] = await Promise.all([bootHost(), bootHost()]);
    makeKeys();
    const world = { host, jump, securityKey: new SecurityKeyAgent(), agents: [] as ChildProcess[] };
    for (const one of [host, jump]) await prepare(one, world);
    writeFiles(world);
    world.agents.push(await startAgent(inHome("agent"), inHome("ed25519")));
    world.agents.push(await startAgent(inHome("certificate-agent"), inHome("certified-alone")));
    await world.securityKey.listen(inHome("security-key"));
    return world;
}

export async function endWorld({ host, jump, securityKey, agents }: World): Promise<void> {
    for (const agent of agents) agent.kill();
    securityKey.close();
    await Promise.all([host.down(), jump.down()]);
    home.remove();
}

function makeKeys(): void {
    mkdirSync(inHome("with space"));
    makeKey("ed25519", "-t", "ed25519");
    makeKey("rsa", "-t", "rsa", "-b", "2048");
    makeKey("rsa-pem", "-t", "rsa", "-b", "2048", "-m", "PEM");
    makeKey("ecdsa", "-t", "ecdsa");
    makeKey("ecdsa-pem", "-t", "ecdsa", "-m", "PEM");
    makeKey("encrypted", "-t", "ed25519", "-N", PASSPHRASE);
    makeKey("encrypted-pem", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", PASSPHRASE);
    makeKey("chacha20", "-t", "ed25519", "-N", PASSPHRASE, "-Z", "chacha20-poly1305@openssh.com");
    for (const name of ["authority", "host-authority", "certified", "certified-alone", "expired", "stranger"])
        makeKey(name, "-t", "ed25519");
    const certify = (name: string, ...validity: string[]) =>
        execFileSync("ssh-keygen", [
            "-q",
            "-s",
            inHome("authority"),
            "-I",
            name,
            "-n",
            "deploy",
            ...validity,
            inHome(`${name}.pub`),
        ]);
    certify("certified");
    certify("certified-alone");
    certify("expired", "-V", "20200101:20200102");
    // Without its usual name, only CertificateFile leads to it.
    execFileSync("mv", [inHome("certified-cert.pub"), inHome("signed")]);
}

const SETTINGS = [
    "HostCertificate /etc/ssh/host-cert.pub",
    "TrustedUserCAKeys /etc/ssh/authority.pub",
    "KbdInteractiveAuthentication yes",
    "Match User both",
    " AuthenticationMethods publickey,password",
    "Match User asked",
    " PasswordAuthentication no",
    "Match LocalPort 2222",
    " AllowTcpForwarding yes",
];

async function prepare(one: TestHost, world: World): Promise<void> {
    home.write("host.pub", `${one.hostKey}\n`);
    const args = ["-q", "-s", inHome("host-authority"), "-I", one.name, "-h", "-n", one.address, inHome("host.pub")];
    execFileSync("ssh-keygen", args);
    await one.exec("cat >/etc/ssh/host-cert.pub", { input: text("host-cert.pub") });
    await one.exec("cat >/etc/ssh/authority.pub", { input: `${publicKey("authority")}\n` });
    const keys = ["ed25519", "rsa", "rsa-pem", "ecdsa", "ecdsa-pem", "encrypted", "encrypted-pem", "chacha20"];
    const lines = [...keys.map(publicKey), world.securityKey.line].join("\n");
    await one.exec("cat >/etc/ssh/sshd_config.d/ways.conf", {
        input: `Port 22\nPort 2222\n${SETTINGS.join("\n")}\n`,
    });
    await one.exec(
        "useradd -m -s /bin/bash both; useradd -m -s /bin/bash asked; cp /etc/sudoers.d/deploy /etc/sudoers.d/ways; sed -i 's/deploy/%ways/' /etc/sudoers.d/ways; groupadd ways; usermod -aG ways both; usermod -aG ways asked",
    );
    await one.exec(
        "cat >/tmp/keys; for user in deploy both nosudo; do install -d -o $user -m 700 /home/$user/.ssh; install -o $user -m 600 /tmp/keys /home/$user/.ssh/authorized_keys; done; rm /tmp/keys",
        { input: `${lines}\n` },
    );
    await one.exec("chpasswd", {
        input: `deploy:${PASSWORD}\nboth:${PASSWORD}\nasked:${PASSWORD}\nnosudo:${SUDO_PASSWORD}\n`,
    });
    await one.exec("echo 'nosudo ALL=(ALL) ALL' >/etc/sudoers.d/nosudo; systemctl restart ssh");
}

function writeFiles(world: World): void {
    const lines = [world.host, world.jump].map(
        (one) => `${one.address} ${one.hostKey}\n[${one.address}]:2222 ${one.hostKey}\n`,
    );
    home.write("known_hosts", lines.join(""));
    home.write("hashed", lines.join(""));
    execFileSync("ssh-keygen", ["-H", "-f", inHome("hashed")], { stdio: "ignore" });
    home.write("with space/known_hosts", lines.join(""));
    home.write("empty", "");
    home.write("alias", `cluster ${world.host.hostKey}\n`);
    home.write("authorities", `@cert-authority * ${publicKey("host-authority")}\n`);
    home.write("marked", `${lines.join("")}@revoked * ${world.host.hostKey}\n`);
    home.write("revoked", `# revoked\n${world.host.hostKey}\n`);
    home.write("revoked.pub", `${world.host.hostKey}\n`);
    execFileSync("ssh-keygen", ["-q", "-k", "-f", inHome("revoked.krl"), inHome("revoked.pub")]);
    home.write("ask-known-hosts", `#!/bin/sh\necho "$1 ${world.host.hostKey}"\n`);
    chmodSync(inHome("ask-known-hosts"), 0o700);
    // What the tunnels of clouds do with the address and port that come last in their arguments.
    const relay = `#!${process.execPath}
const [address, port] = process.argv.slice(-2);
const socket = require("node:net").connect(Number(port), address);
process.stdin.pipe(socket).pipe(process.stdout);
`;
    for (const name of ["relay", "cloudflared", "aws", "gcloud"]) {
        home.write(name, relay);
        chmodSync(inHome(name), 0o700);
    }
    copyFileSync(inHome("ed25519.pub"), inHome("named.pub"));
}
