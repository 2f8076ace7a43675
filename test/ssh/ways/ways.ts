import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import type { Connection } from "../../../provider/host/connection";
import { pickyHosts } from "./picky-hosts";
import { PIN } from "./token";
import { softHsm } from "./unpacked";
import { home, inHome, PASSPHRASE, PASSWORD, publicKey, SUDO_PASSWORD, text, type World } from "./world";

export interface Way {
    name: string;
    /** Lines of ssh_config for the host, after `Host web1` and its HostName. */
    config?: string;
    connection?: (world: World) => Connection;
    /** Environment variables for this process, and so for ssh. */
    environment?: (world: World) => Record<string, string>;
    /** Commands that root runs on the host before and after the login. */
    onHost?: [before: string, after: string];
    /** Code and part of the message, if the login must be refused. */
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

/** Converts the OpenSSH key file, which Node.js can't read: the seed comes before the last copy of the public key. */
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

export const ways: Way[] = [
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
    {
        name: "PKCS#11 token in the agent",
        config: "IdentityAgent %D/token-agent",
    },
    {
        name: "PKCS11Provider, its PIN as privateKeyPassword",
        config: `PKCS11Provider ${softHsm()}`,
        connection: () => ({ privateKeyPassword: PIN }),
        environment: ({ token }) => token.environment,
    },
    {
        name: "GSSAPI: a Kerberos ticket",
        config: "GSSAPIAuthentication yes",
        environment: ({ kerberos }) => kerberos.environment,
    },
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
        connection: ({ host }) => ({ hostKey: host.hostKey }),
    },
    {
        name: "host key: hostKey as a fingerprint",
        config: `${file}\n UserKnownHostsFile %D/empty`,
        connection: ({ host }) => ({ hostKey: fingerprintOf(host.hostKey) }),
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
        connection: ({ jump }) => ({
            privateKey: text("ed25519"),
            proxy: { host: jump.address, user: "deploy", privateKey: text("rsa"), hostKey: jump.hostKey },
        }),
    },
    {
        name: "proxy of the connection, with a password",
        connection: ({ jump }) => ({
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
    {
        name: "IPv6 address with a zone",
        connection: ({ zoneAddress }) => ({ host: zoneAddress, privateKey: text("ed25519") }),
    },
    { name: "a host that offers only key exchanges that ssh2 lacks", config: `${file}\n Port 2223` },
    { name: "KexAlgorithms that ssh2 lacks", config: `${file}\n KexAlgorithms sntrup761x25519-sha512@openssh.com` },
    { name: "BindAddress", config: `${file}\n BindAddress 0.0.0.0` },
    { name: "sudo without a password", connection: key("ed25519") },
    { name: "sudo with sudoPassword", connection: key("ed25519", { user: "nosudo", sudoPassword: SUDO_PASSWORD }) },
    ...pickyHosts,
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
        connection: ({ jump }) => ({ hostKey: jump.hostKey }),
        refused: ["hostKey", "but connection.hostKey is"],
    },
    { name: "a key the host doesn't know", config: "IdentityFile %D/stranger", refused: ["login", "Tried: "] },
    {
        name: "a user certificate that has expired",
        config: "IdentityFile %D/expired",
        refused: ["login", "expired-cert.pub has expired (2020-01-02T00:00:00)"],
    },
    {
        name: "PKCS11Provider without its PIN",
        config: `PKCS11Provider ${softHsm()}`,
        environment: ({ token }) => token.environment,
        refused: ["login", "Give its PIN as connection.privateKeyPassword"],
    },
    {
        name: "PKCS11Provider with a wrong PIN",
        config: `PKCS11Provider ${softHsm()}`,
        connection: () => ({ privateKeyPassword: "000000" }),
        environment: ({ token }) => token.environment,
        refused: ["login", "isn't its PIN"],
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

export function connectionOf(world: World, way: Way, client: Connection["client"]): Connection {
    const { host, jump } = world;
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
    return { host: "web1", user: "deploy", client, dialErrorLimit: 1, ...way.connection?.(world) };
}
