import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../provider/host/connection";
import { sh } from "../../provider/host/shell";
import { resolveLogin } from "../../provider/ssh/login/resolve-login";
import { createPool } from "../../provider/ssh/pool";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, SshHome } from "./hosts";
import { SecurityKeyAgent } from "./security-key";

const PASSWORD = "s3cret pass 'word'";
const PASSPHRASE = "open sesame phrase";
const SUDO_PASSWORD = "sudo's own $ecret";
const PAGE = join(__dirname, "../../docs/logging-in.md");

const home = new SshHome();
const directory = home.directory;
const securityKey = new SecurityKeyAgent();
let host: TestHost;
let jump: TestHost;
let agent: ChildProcess;
let certificateAgent: ChildProcess;

const inHome = (name: string) => join(directory, name);
const text = (name: string) => readFileSync(inHome(name), "utf8");
const publicKey = (name: string) => text(`${name}.pub`).trim();

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

beforeAll(async () => {
    [host, jump] = await Promise.all([bootHost(), bootHost()]);
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

    for (const one of [host, jump]) {
        home.write("host.pub", `${one.hostKey}\n`);
        const args = [
            "-q",
            "-s",
            inHome("host-authority"),
            "-I",
            one.name,
            "-h",
            "-n",
            one.address,
            inHome("host.pub"),
        ];
        execFileSync("ssh-keygen", args);
        await one.exec("cat >/etc/ssh/host-cert.pub", { input: text("host-cert.pub") });
        await one.exec("cat >/etc/ssh/authority.pub", { input: `${publicKey("authority")}\n` });
        const settings = [
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
        const keys = ["ed25519", "rsa", "rsa-pem", "ecdsa", "ecdsa-pem", "encrypted", "encrypted-pem", "chacha20"];
        const lines = [...keys.map(publicKey), securityKey.line].join("\n");
        await one.exec("cat >/etc/ssh/sshd_config.d/ways.conf", {
            input: `Port 22\nPort 2222\n${settings.join("\n")}\n`,
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
    const known = [host, jump].map((one) => `${one.address} ${one.hostKey}\n[${one.address}]:2222 ${one.hostKey}\n`);
    home.write("known_hosts", known.join(""));
    home.write("hashed", known.join(""));
    execFileSync("ssh-keygen", ["-H", "-f", inHome("hashed")], { stdio: "ignore" });
    home.write("with space/known_hosts", known.join(""));
    home.write("empty", "");
    home.write("alias", `cluster ${host.hostKey}\n`);
    home.write("authorities", `@cert-authority * ${publicKey("host-authority")}\n`);
    home.write("marked", `${known.join("")}@revoked * ${host.hostKey}\n`);
    home.write("revoked", `# revoked\n${host.hostKey}\n`);
    home.write("revoked.pub", `${host.hostKey}\n`);
    execFileSync("ssh-keygen", ["-q", "-k", "-f", inHome("revoked.krl"), inHome("revoked.pub")]);
    home.write("ask-known-hosts", `#!/bin/sh\necho "$1 ${host.hostKey}"\n`);
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
    agent = await startAgent(inHome("agent"), inHome("ed25519"));
    certificateAgent = await startAgent(inHome("certificate-agent"), inHome("certified-alone"));
    await securityKey.listen(inHome("security-key"));
}, bootTimeoutMs);

afterAll(async () => {
    agent?.kill();
    certificateAgent?.kill();
    securityKey.close();
    await Promise.all([host?.down(), jump?.down()]);
    home.remove();
}, bootTimeoutMs);

interface Way {
    name: string;
    /** Lines of ssh_config for the host; `Host web1` with its address is there. */
    config?: string;
    connection?: () => Connection;
    /** What it must be refused with. */
    refused?: [code: string, message: string];
}

const key =
    (name: string, more: Connection = {}) =>
    () => ({ privateKey: text(name), ...more });
const pkcs8 =
    (name: string, options: { passphrase?: string } = {}) =>
    () => {
        const cipher =
            options.passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase: options.passphrase };
        const pem = name === "ed25519" ? ed25519Pem() : createPrivateKey(text(name));
        return {
            privateKey: pem.export({ type: "pkcs8", format: "pem", ...cipher }).toString(),
            ...(options.passphrase === undefined ? {} : { privateKeyPassword: options.passphrase }),
        };
    };

/** Node.js reads no OpenSSH file: the seed is in its last part. */
function ed25519Pem() {
    const bytes = Buffer.from(text("ed25519").replace(/-----[^\n]*-----/g, ""), "base64");
    const point = Buffer.from(publicKey("ed25519").split(" ")[1] ?? "", "base64").subarray(-32);
    const end = bytes.lastIndexOf(point);
    const jwk = {
        kty: "OKP",
        crv: "Ed25519",
        d: bytes.subarray(end - 32, end).toString("base64url"),
        x: point.toString("base64url"),
    };
    return createPrivateKey({ key: jwk, format: "jwk" });
}

const file = "IdentityFile %D/ed25519";
const noHostKey = { hostKey: undefined };

const ways: Way[] = [
    { name: "privateKey: Ed25519 in OpenSSH form", connection: key("ed25519") },
    { name: "privateKey: RSA in OpenSSH form", connection: key("rsa") },
    { name: "privateKey: ECDSA in OpenSSH form", connection: key("ecdsa") },
    { name: "privateKey: RSA in PEM (PKCS#1) form", connection: key("rsa-pem") },
    { name: "privateKey: ECDSA in PEM (SEC1) form", connection: key("ecdsa-pem") },
    { name: "privateKey: RSA in PKCS#8 form", connection: pkcs8("rsa-pem") },
    { name: "privateKey: ECDSA in PKCS#8 form", connection: pkcs8("ecdsa-pem") },
    { name: "privateKey: Ed25519 in PKCS#8 form", connection: pkcs8("ed25519") },
    { name: "privateKey: RSA in PKCS#8 form, encrypted", connection: pkcs8("rsa-pem", { passphrase: PASSPHRASE }) },
    { name: "privateKey: encrypted, OpenSSH form", connection: key("encrypted", { privateKeyPassword: PASSPHRASE }) },
    { name: "privateKey: encrypted, PEM form", connection: key("encrypted-pem", { privateKeyPassword: PASSPHRASE }) },
    {
        name: "privateKey: encrypted with chacha20-poly1305",
        connection: key("chacha20", { privateKeyPassword: PASSPHRASE }),
    },
    { name: "IdentityFile of ~/.ssh/config", config: file },
    {
        name: "IdentityFile, encrypted, with privateKeyPassword",
        config: "IdentityFile %D/encrypted",
        connection: () => ({ privateKeyPassword: PASSPHRASE }),
    },
    {
        name: "IdentityFile, encrypted with chacha20-poly1305",
        config: "IdentityFile %D/chacha20",
        connection: () => ({ privateKeyPassword: PASSPHRASE }),
    },
    { name: "agent: agentSocketPath", connection: () => ({ agentSocketPath: inHome("agent") }) },
    { name: "agent: IdentityAgent of ~/.ssh/config", config: "IdentityAgent %D/agent" },
    {
        name: "agent: IdentitiesOnly with the public key alone",
        config: "IdentityAgent %D/agent\n IdentitiesOnly yes\n IdentityFile %D/named",
    },
    { name: "password", connection: () => ({ password: PASSWORD }) },
    {
        name: "password where sshd asks by keyboard-interactive",
        connection: () => ({ user: "asked", password: PASSWORD }),
    },
    {
        name: "key and password (AuthenticationMethods)",
        connection: () => ({ user: "both", privateKey: text("ed25519"), password: PASSWORD }),
    },
    { name: "user certificate: CertificateFile", config: "IdentityFile %D/certified\n CertificateFile %D/signed" },
    { name: "user certificate beside its key (-cert.pub)", config: "IdentityFile %D/certified-alone" },
    { name: "user certificate in the agent", config: "IdentityAgent %D/certificate-agent" },
    { name: "security key in the agent (sk-ssh-ed25519)", config: "IdentityAgent %D/security-key" },
    { name: "host key: hashed known_hosts", config: `${file}\n UserKnownHostsFile %D/hashed` },
    {
        name: "host key: known_hosts with a space in its path",
        config: `${file}\n UserKnownHostsFile "%D/with space/known_hosts"`,
    },
    {
        name: "host key: the second of two known_hosts",
        config: `${file}\n UserKnownHostsFile %D/empty "%D/with space/known_hosts"`,
    },
    { name: "host key: HostKeyAlias", config: `${file}\n HostKeyAlias cluster\n UserKnownHostsFile %D/alias` },
    { name: "host key: [host]:port", config: `${file}\n Port 2222` },
    { name: "host key: @cert-authority", config: `${file}\n UserKnownHostsFile %D/authorities` },
    {
        name: "host key: KnownHostsCommand",
        config: `${file}\n UserKnownHostsFile %D/empty\n KnownHostsCommand %D/ask-known-hosts %H`,
    },
    {
        name: "host key: hostKey as a public key",
        config: `${file}\n UserKnownHostsFile %D/empty`,
        connection: () => ({ hostKey: host.hostKey }),
    },
    {
        name: "host key: hostKey as a fingerprint",
        config: `${file}\n UserKnownHostsFile %D/empty`,
        connection: () => ({ hostKey: fingerprintOf(host.hostKey) }),
    },
    {
        name: "host key: insecureIgnoreHostKey",
        config: `${file}\n UserKnownHostsFile %D/empty`,
        connection: () => ({ insecureIgnoreHostKey: true }),
    },
    { name: "ProxyJump", config: `${file}\n ProxyJump gate` },
    { name: "ProxyJump over two hops", config: `${file}\n ProxyJump gate,middle` },
    {
        name: "proxy of the connection",
        connection: () => ({
            privateKey: text("ed25519"),
            proxy: { host: jump.address, user: "deploy", privateKey: text("rsa"), hostKey: jump.hostKey },
        }),
    },
    {
        name: "proxy of the connection, with a password",
        connection: () => ({
            privateKey: text("ed25519"),
            proxy: { host: jump.address, user: "deploy", password: PASSWORD, hostKey: jump.hostKey },
        }),
    },
    { name: "ProxyCommand: a relay", config: `${file}\n ProxyCommand %D/relay %h %p` },
    {
        name: "ProxyCommand as for cloudflared (stand-in)",
        config: `${file}\n ProxyCommand %D/cloudflared access ssh --hostname %h %p`,
    },
    {
        name: "ProxyCommand as for AWS SSM (stand-in)",
        config: `${file}\n ProxyCommand %D/aws ssm start-session --target %h %p`,
    },
    {
        name: "ProxyCommand as for Google IAP (stand-in)",
        config: `${file}\n ProxyCommand %D/gcloud compute start-iap-tunnel %h %p`,
    },
    { name: "KexAlgorithms that ssh2 lacks", config: `${file}\n KexAlgorithms sntrup761x25519-sha512@openssh.com` },
    { name: "BindAddress", config: `${file}\n BindAddress 0.0.0.0` },
    { name: "sudo without a password", connection: key("ed25519") },
    { name: "sudo with sudoPassword", connection: key("ed25519", { user: "nosudo", sudoPassword: SUDO_PASSWORD }) },
    {
        name: "a key that RevokedHostKeys lists",
        config: `${file}\n RevokedHostKeys %D/revoked`,
        refused: ["hostKey", "revoke"],
    },
    {
        name: "a key in a KRL of RevokedHostKeys",
        config: `${file}\n RevokedHostKeys %D/revoked.krl`,
        refused: ["hostKey", "revoke"],
    },
    {
        name: "a RevokedHostKeys that can't be read",
        config: `${file}\n RevokedHostKeys %D/nothing`,
        refused: ["hostKey", "evoked"],
    },
    {
        name: "a key that @revoked marks",
        config: `${file}\n UserKnownHostsFile %D/marked`,
        refused: ["hostKey", "revoke"],
    },
    {
        name: "an unknown host key",
        config: `${file}\n UserKnownHostsFile %D/empty`,
        refused: ["hostKey", "isn't known"],
    },
    {
        name: "another hostKey than the host's",
        config: file,
        connection: () => ({ hostKey: jump.hostKey }),
        refused: ["hostKey", "but connection.hostKey is"],
    },
    { name: "a key the host doesn't know", config: "IdentityFile %D/stranger", refused: ["login", "Tried: "] },
    {
        name: "a user certificate that has expired",
        config: "IdentityFile %D/expired",
        refused: ["login", "doesn't let"],
    },
    {
        name: "a public key as privateKey",
        connection: () => ({ privateKey: publicKey("ed25519") }),
        refused: ["settings", "is a public key (ssh-ed25519)"],
    },
    {
        name: "an encrypted privateKey without its password",
        connection: key("encrypted"),
        refused: ["settings", "is encrypted"],
    },
    {
        name: "a wrong sudoPassword",
        connection: key("ed25519", { user: "nosudo", sudoPassword: "wrong" }),
        refused: ["sudo", "doesn't accept connection.sudoPassword"],
    },
];

function fingerprintOf(line: string): string {
    home.write("line.pub", `${line}\n`);
    return execFileSync("ssh-keygen", ["-l", "-f", inHome("line.pub")], { encoding: "utf8" }).split(" ")[1] ?? "";
}

function connectionOf(way: Way, client: Connection["client"]): Connection {
    home.configure(`
        Host web1
            HostName ${host.address}
            ${(way.config ?? "").replaceAll("\n", "\n            ")}
        Host gate
            HostName ${jump.address}
            IdentityFile %D/rsa
        Host middle
            HostName ${jump.secondAddress}
            HostKeyAlias ${jump.address}
            IdentityFile %D/rsa
        Host *
            User deploy
    `);
    return { ...noHostKey, host: "web1", user: "deploy", client, dialErrorLimit: 1, ...way.connection?.() };
}

const results = new Map<string, Record<string, string>>();

async function tryWay(way: Way, client: "auto" | "openssh"): Promise<string> {
    const connection = connectionOf(way, client);
    const { client: taken } = await resolveLogin(connection);
    const pool = createPool();
    try {
        const there = await pool.connect(connection);
        expect((await there.run(sh`id -un`)).stdout).toBe("root\n");
        const path = `/tmp/way-${Math.random()}`;
        await there.upload(inHome("known_hosts"), path);
        expect((await there.run(sh`cat ${path}; rm ${path}`)).stdout).toBe(text("known_hosts"));
        return taken;
    } finally {
        pool.close();
    }
}

describe.each(ways)("$name", (way) => {
    test.each(["auto", "openssh"] as const)("%s", async (client) => {
        const row = results.get(way.name) ?? {};
        results.set(way.name, row);
        if (way.refused === undefined) {
            row[client] = await tryWay(way, client);
            return;
        }
        const thrown = await tryWay(way, client).then(
            () => undefined,
            (error) => error,
        );
        const [code, message] = way.refused;
        expect(thrown).toMatchObject({ code });
        expect(thrown.message).toContain(message);
        const all = JSON.stringify(thrown) + thrown.stack;
        for (const secret of [PASSWORD, PASSPHRASE, SUDO_PASSWORD]) expect(all).not.toContain(secret);
        row[client] = `refused (${code})`;
    });
});

test("a security key that waits for a touch is awaited, longer than a try to connect may take", async () => {
    securityKey.delayMs = 4000;
    try {
        const way = {
            name: "touch",
            config: "IdentityAgent %D/security-key",
            connection: () => ({ perDialTimeout: 2 }),
        };
        expect(await tryWay(way, "auto")).toBe("openssh");
    } finally {
        securityKey.delayMs = 0;
    }
});

describe("secrets", () => {
    const secrets = { password: PASSWORD, privateKeyPassword: PASSPHRASE, sudoPassword: SUDO_PASSWORD };

    /** Where one of the texts is found: in an argv or environment, or in a file of the places given. */
    const search = (places: string) => `
        cat >/tmp/portable-secrets
        for process in /proc/[0-9]*; do
            grep -aqFf /tmp/portable-secrets $process/cmdline $process/environ 2>/dev/null && echo "$process $(tr '\\0' ' ' <$process/cmdline)"
        done
        grep -rlaFf /tmp/portable-secrets ${places} 2>/dev/null | grep -v /tmp/portable-secrets
        journalctl -q --no-pager 2>/dev/null | grep -aFf /tmp/portable-secrets
        rm -f /tmp/portable-secrets
        true`;

    test.each(["built-in", "openssh"] as const)("are nowhere while and after the %s client works", async (client) => {
        const way = { name: "secrets", config: "IdentityFile %D/encrypted" };
        const connection = { ...connectionOf(way, client), user: "nosudo", ...secrets };
        const pool = createPool();
        try {
            const there = await pool.connect(connection);
            const running = there.run(sh`sleep 8`);
            const input = `${Object.values(secrets).join("\n")}\n`;
            const found = await host.exec(search("/tmp /run /var/log /home /root /etc/sudoers.d"), { input });
            expect(found.stdout).toBe("");
            const here = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
            for (const pid of here) {
                for (const part of ["cmdline", "environ"]) {
                    const shown = readOrNothing(`/proc/${pid}/${part}`);
                    for (const secret of Object.values(secrets)) expect(shown.includes(secret)).toBe(false);
                }
            }
            const files = readdirSync(tmpdir()).filter((name) => name.startsWith("portable-ssh-"));
            for (const name of files) {
                const left = readdirSync(join(tmpdir(), name)).filter((entry) =>
                    /identity|pass(word|phrase)/.test(entry),
                );
                expect(left).toEqual([]);
            }
            await running;
        } finally {
            pool.close();
        }
    });

    function readOrNothing(path: string): string {
        try {
            return readFileSync(path, "latin1");
        } catch {
            return "";
        }
    }
});

test("the table of docs/logging-in.md is what this run has found", () => {
    const rows = ways.map(({ name }) => {
        const { auto = "", openssh = "" } = results.get(name) ?? {};
        return `| ${name} | ${auto} | ${openssh === "openssh" ? "works" : openssh} |`;
    });
    const table = ["| Way in | `auto` takes | with `openssh` |", "| --- | --- | --- |", ...rows].join("\n");
    const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
    const written = page.replace(
        /(<!-- ways in -->\n)[\s\S]*?(\n<!-- end -->)/,
        (_, begin, end) => begin + table + end,
    );
    if (process.env.PORTABLE_WRITE_TABLES) writeFileSync(PAGE, written);
    else expect(page).toBe(written);
    expect(page).toContain("<!-- ways in -->");
});
