import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { childEnvironment, environment } from "../../environment";
import { inspectKey, onlyOpenSshReads, readText } from "./key-file";
import { findKnownHosts } from "./known-hosts";
import type { Login } from "./login";
import { expandPath, localUser, type SshSettings } from "./ssh-config";

const runFile = promisify(execFile);

/** Time limit for an agent's list of keys: an agent that is locked, or waits for a person, isn't awaited. */
const AGENT_MS = 2_000;

/** Algorithms of ssh2 1.17. If a setting allows none of them, only OpenSSH can connect. */
const ALGORITHMS_OF_SSH2: Record<string, RegExp> = {
    ciphers: /^(chacha20-poly1305@openssh\.com|aes(128|256)-gcm@openssh\.com|aes(128|192|256)-(ctr|cbc)|3des-cbc)$/,
    kexalgorithms: /^(curve25519-sha256(@libssh\.org)?|ecdh-sha2-nistp\d+|diffie-hellman-group.*)$/,
    macs: /^hmac-(sha1|sha2-256|sha2-512|md5)(-etm@openssh\.com|-96)?$/,
    hostkeyalgorithms: /^(ssh-ed25519|ecdsa-sha2-nistp\d+|rsa-sha2-(256|512)|ssh-rsa)$/,
};

/** Settings with paths that may have tokens. */
const FILES = {
    identityfile: "IdentityFile",
    identityagent: "IdentityAgent",
    userknownhostsfile: "UserKnownHostsFile",
    globalknownhostsfile: "GlobalKnownHostsFile",
    revokedhostkeys: "RevokedHostKeys",
};
/** A token that `expandPath` doesn't replace, such as `%C`, a hash whose input depends on the version of ssh. */
const UNKNOWN_TOKEN = /%[^%dhikLlnpru]/;

/**
 * The first setting for a host that the built-in client doesn't support: "CertificateFile ~/.ssh/id-cert.pub".
 * @returns undefined if it supports all settings
 */
export async function builtInLacks(
    settings: SshSettings,
    { hostKey, credentials }: Pick<Login, "hostKey" | "credentials">,
): Promise<string | undefined> {
    const inSettings = fromSettings(settings) ?? fromKeys(credentials);
    if (inSettings !== undefined) return inSettings;
    const [agent, authority, ticket] = await Promise.all([
        fromAgent(credentials.agent),
        hostKey.ignore || hostKey.hostKey !== undefined ? undefined : fromKnownHosts(hostKey),
        fromTicket(settings),
    ]);
    return agent ?? authority ?? ticket;
}

function fromSettings(settings: SshSettings): string | undefined {
    const value = (keyword: string) => settings.get(keyword)?.[0];
    const isSet = (keyword: string) => ![undefined, "none", "no", "false"].includes(value(keyword));
    for (const certificate of settings.get("certificatefile") ?? []) {
        // Other tokens than %d and %u aren't known here.
        if (/%[^%du]/.test(certificate) || existsSync(expandPath(certificate, {})))
            return `CertificateFile ${certificate}`;
    }
    for (const [keyword, name] of Object.entries(FILES)) {
        const file = settings.get(keyword)?.find((path) => UNKNOWN_TOKEN.test(path));
        if (file !== undefined) return `${name} ${file}`;
    }
    const keywords = {
        knownhostscommand: "KnownHostsCommand",
        pkcs11provider: "PKCS11Provider",
        proxyusefdpass: "ProxyUseFdpass",
        hostbasedauthentication: "HostbasedAuthentication",
        bindaddress: "BindAddress",
        bindinterface: "BindInterface",
    };
    for (const [keyword, name] of Object.entries(keywords)) {
        if (isSet(keyword)) return `${name} ${value(keyword)}`;
    }
    for (const [keyword, supported] of Object.entries(ALGORITHMS_OF_SSH2)) {
        const allowed = value(keyword)?.split(",") ?? [];
        if (allowed.length > 0 && !allowed.some((name) => supported.test(name)))
            return `${keyword} ${allowed.join(",")}`;
    }
    return undefined;
}

function fromKeys({ privateKey, identityFiles }: Login["credentials"]): string | undefined {
    const inText = privateKey === undefined ? undefined : onlyOpenSshReads(inspectKey(privateKey));
    if (inText !== undefined) return `connection.privateKey ${inText}`;
    for (const file of identityFiles) {
        if (existsSync(`${file}-cert.pub`)) return `the certificate ${file}-cert.pub`;
        const inFile = onlyOpenSshReads(inspectKey(readText(file)));
        if (inFile !== undefined) return `the key ${file} ${inFile}`;
    }
    return undefined;
}

/** ssh2 ignores certificates and security keys in an agent. */
async function fromAgent(socket: string | undefined): Promise<string | undefined> {
    if (socket === undefined || !existsSync(socket)) return undefined;
    try {
        const env = childEnvironment({ SSH_AUTH_SOCK: socket });
        const { stdout } = await runFile("ssh-add", ["-L"], { env, timeout: AGENT_MS });
        const types = stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
        const type = types.find((name) => name.startsWith("sk-") || name.includes("-cert-v0"));
        return type && `a key of the agent (${type})`;
    } catch {
        return undefined;
    }
}

/** A host that is only known by a certificate authority in known_hosts has a host certificate. */
async function fromKnownHosts({ names, files }: Login["hostKey"]): Promise<string | undefined> {
    const withAuthority = files.filter((file) => /^\s*@cert-authority\s/m.test(readText(file)));
    if (withAuthority.length === 0) return undefined;
    const found = await findKnownHosts(names, withAuthority).catch(() => []);
    const line = found.find(({ marker }) => marker === "@cert-authority");
    return line && `@cert-authority of ${line.file}:${line.line}`;
}

/** GSSAPIAuthentication, which is Debian's default, only matters if there is a Kerberos ticket. */
async function fromTicket(settings: SshSettings): Promise<string | undefined> {
    if (settings.get("gssapiauthentication")?.[0] !== "yes") return undefined;
    const { KRB5CCNAME } = environment();
    if (KRB5CCNAME === undefined && !existsSync(`/tmp/krb5cc_${localUser().uid}`)) return undefined;
    return runFile("klist", ["-s"], { env: childEnvironment() }).then(
        () => "GSSAPIAuthentication with a Kerberos ticket",
        () => undefined,
    );
}
