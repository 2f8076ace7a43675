import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootHost, type TestHost } from "../../hosts";
import { SshHome } from "../hosts";
import { HOST_CONFIG, Kerberos } from "./kerberos";
import { SecurityKeyAgent } from "./security-key";
import { Token } from "./token";

export const PASSWORD = "s3cret pass 'word'";
export const PASSPHRASE = "open sesame phrase";
export const SUDO_PASSWORD = "sudo's own $ecret";

/** A host and a jump host that accept every way to log in, with the agents and tokens for them. */
export interface World {
    host: TestHost;
    jump: TestHost;
    securityKey: SecurityKeyAgent;
    agents: ChildProcess[];
    kerberos: Kerberos;
    token: Token;
    /** Link-local IPv6 address of the host, with this machine's interface as the zone. */
    zoneAddress: string;
}

export const home = new SshHome();
export const inHome = (name: string) => join(home.directory, name);
export const text = (name: string) => readFileSync(inHome(name), "utf8");
export const publicKey = (name: string) => text(`${name}.pub`).trim();

function makeKey(name: string, ...options: string[]): void {
    execFileSync("ssh-keygen", ["-q", "-f", inHome(name), ...(options.includes("-N") ? [] : ["-N", ""]), ...options]);
}

const makeDirectory = (name: string) => {
    mkdirSync(inHome(name));
    return inHome(name);
};

async function zoneAddressOf(host: TestHost): Promise<string> {
    const shown = (await host.exec("ip -6 -o address show dev host0 scope link")).stdout;
    const route = execFileSync("ip", ["-o", "route", "get", host.address], { encoding: "utf8" });
    return `${/fe80:[^/ ]*/.exec(shown)?.[0]}%${/ dev (\S+)/.exec(route)?.[1]}`;
}

/** Starts an ssh-agent with these keys. With an `environment` it may load PKCS#11 modules. */
async function startAgent(
    socket: string,
    environment: Record<string, string> | undefined,
    ...keys: string[]
): Promise<ChildProcess> {
    const modules = environment === undefined ? [] : ["-P", "*"];
    const started = spawn("ssh-agent", ["-D", "-a", socket, ...modules], {
        stdio: "ignore",
        env: { ...process.env, ...environment },
    });
    for (let step = 0; step < 100 && !existsSync(socket); step++) await sleep(20);
    for (const key of keys)
        execFileSync("ssh-add", [key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
    return started;
}

export async function makeWorld(): Promise<World> {
    const [host, jump] = await Promise.all([bootHost(), bootHost()]);
    makeKeys();
    const world = {
        host,
        jump,
        securityKey: new SecurityKeyAgent(),
        agents: [] as ChildProcess[],
        kerberos: new Kerberos(makeDirectory("kerberos")),
        token: new Token(makeDirectory("token")),
        zoneAddress: await zoneAddressOf(host),
    };
    const tokenKey = world.token.make();
    for (const one of [host, jump]) await prepare(one, [world.securityKey.line, tokenKey]);
    writeFiles(world);
    world.agents.push(await startAgent(inHome("agent"), undefined, inHome("ed25519")));
    world.agents.push(await startAgent(inHome("certificate-agent"), undefined, inHome("certified-alone")));
    world.agents.push(await startAgent(inHome("token-agent"), world.token.environment));
    world.token.addTo(inHome("token-agent"));
    await world.host.exec("cat >/etc/krb5.conf", { input: HOST_CONFIG });
    const keytab = (await world.kerberos.start(host.address)).toString("base64");
    await world.host.exec("base64 -d >/etc/krb5.keytab", { input: keytab });
    await world.securityKey.listen(inHome("security-key"));
    return world;
}

export async function endWorld({ host, jump, securityKey, agents, kerberos }: World): Promise<void> {
    kerberos.stop();
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
    // Under another name than the usual one, ssh finds it only by CertificateFile.
    execFileSync("mv", [inHome("certified-cert.pub"), inHome("signed")]);
}

const SETTINGS = [
    "HostCertificate /etc/ssh/host-cert.pub",
    "TrustedUserCAKeys /etc/ssh/authority.pub",
    "KbdInteractiveAuthentication yes",
    "GSSAPIAuthentication yes",
    "GSSAPIStrictAcceptorCheck no",
    "Match User both",
    " AuthenticationMethods publickey,password",
    "Match User asked",
    " PasswordAuthentication no",
    "Match LocalPort 2222",
    " AllowTcpForwarding yes",
];

async function prepare(one: TestHost, otherKeys: string[]): Promise<void> {
    home.write("host.pub", `${one.hostKey}\n`);
    const args = ["-q", "-s", inHome("host-authority"), "-I", one.name, "-h", "-n", one.address, inHome("host.pub")];
    execFileSync("ssh-keygen", args);
    await one.exec("cat >/etc/ssh/host-cert.pub", { input: text("host-cert.pub") });
    await one.exec("cat >/etc/ssh/authority.pub", { input: `${publicKey("authority")}\n` });
    const keys = ["ed25519", "rsa", "rsa-pem", "ecdsa", "ecdsa-pem", "encrypted", "encrypted-pem", "chacha20"];
    const lines = [...keys.map(publicKey), ...otherKeys].join("\n");
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
    const only = "-o KexAlgorithms=sntrup761x25519-sha512@openssh.com";
    await one.exec(`systemd-run -q --unit=another-sshd /usr/sbin/sshd -D -p 2223 ${only}`);
}

function writeFiles(world: World): void {
    const lines = [world.host, world.jump].map(
        (one) => `${one.address} ${one.hostKey}\n[${one.address}]:2222,[${one.address}]:2223 ${one.hostKey}\n`,
    );
    lines.push(`${world.zoneAddress} ${world.host.hostKey}\n`);
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
    // Connects to the address and port at the end of its arguments, as the tunnel programs of clouds do.
    const relay = (limit = "Infinity") => `#!${process.execPath}
const [address, port] = process.argv.slice(-2);
const socket = require("node:net").connect(Number(port), address);
process.stdin.pipe(socket);
let passed = 0;
socket.on("data", (bytes) => {
    const more = bytes.subarray(0, Math.max(0, ${limit} - passed));
    passed += bytes.length;
    if (more.length > 0) process.stdout.write(more);
});
socket.on("end", () => process.stdout.end());
`;
    const relays = {
        relay: relay(),
        cloudflared: relay(),
        aws: relay(),
        gcloud: relay(),
        silent: relay("0"),
        stalling: relay("500"),
    };
    for (const [name, program] of Object.entries(relays)) {
        home.write(name, program);
        chmodSync(inHome(name), 0o700);
    }
    copyFileSync(inHome("ed25519.pub"), inHome("named.pub"));
}
