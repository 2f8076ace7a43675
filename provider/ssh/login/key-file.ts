import { readFileSync } from "node:fs";

/** The kind of a key file, as far as it can be known without decrypting it. */
export type KeyFile =
    | { kind: "public"; type: string }
    | { kind: "certificate"; type: string }
    /** PuTTY's format. */
    | { kind: "putty" }
    /** PKCS#8 (RFC 5958): `BEGIN PRIVATE KEY`, `BEGIN ENCRYPTED PRIVATE KEY`. */
    | { kind: "pkcs8"; isEncrypted: boolean }
    | { kind: "openssh"; type: string; cipher: string }
    /** PKCS#1 or SEC1: `BEGIN RSA PRIVATE KEY`, `BEGIN EC PRIVATE KEY`. */
    | { kind: "pem"; isEncrypted: boolean }
    | { kind: "unknown" };

const MAGIC = "openssh-key-v1\0";

export function inspectKey(text: string): KeyFile {
    const trimmed = text.trim();
    const [first = ""] = trimmed.split(/\s/, 1);
    if (/-cert-v0\d@openssh\.com$/.test(first)) return { kind: "certificate", type: first };
    if (/^(ssh-|ecdsa-sha2-|sk-)/.test(first)) return { kind: "public", type: first };
    if (trimmed.startsWith("PuTTY-User-Key-File")) return { kind: "putty" };
    const label = /^-----BEGIN ([A-Z0-9 ]+)-----/.exec(trimmed)?.[1];
    if (label === "PRIVATE KEY" || label === "ENCRYPTED PRIVATE KEY")
        return { kind: "pkcs8", isEncrypted: label !== "PRIVATE KEY" };
    if (label === "OPENSSH PRIVATE KEY") return inspectOpenSsh(trimmed);
    if (label === "RSA PRIVATE KEY" || label === "EC PRIVATE KEY")
        return { kind: "pem", isEncrypted: /^DEK-Info:/m.test(trimmed) };
    if (label === "SSH2 PUBLIC KEY" || label === "PUBLIC KEY" || label === "RSA PUBLIC KEY")
        return { kind: "public", type: label };
    return { kind: "unknown" };
}

/** Parses PROTOCOL.key of OpenSSH, whose cipher and public key can be read without a passphrase. */
function inspectOpenSsh(text: string): KeyFile {
    const bytes = Buffer.from(text.replace(/-----[^\n]*-----/g, ""), "base64");
    if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return { kind: "unknown" };
    let offset = MAGIC.length;
    const next = () => {
        const length = bytes.readUInt32BE(offset);
        const value = bytes.subarray(offset + 4, offset + 4 + length);
        offset += 4 + length;
        return value;
    };
    try {
        const cipher = next().toString("latin1");
        next(); // Name of the key derivation function
        next(); // Options of the key derivation function
        offset += 4; // Number of keys
        const publicKey = next();
        const type = publicKey.toString("latin1", 4, 4 + publicKey.readUInt32BE(0));
        return { kind: "openssh", type, cipher };
    } catch {
        return { kind: "unknown" };
    }
}

/** Ciphers of encrypted OpenSSH keys that ssh2 supports. */
const CIPHERS = /^(none|aes(128|192|256)-(ctr|cbc|gcm@openssh\.com)|3des-cbc)$/;

/** Why only the OpenSSH client can use a private key: "is a security key". Undefined if the built-in one can. */
export function onlyOpenSshReads(key: KeyFile): string | undefined {
    if (key.kind !== "openssh") return undefined;
    if (key.type.startsWith("sk-")) return `is for a security key (${key.type})`;
    if (!CIPHERS.test(key.cipher)) return `is encrypted with ${key.cipher}`;
    return undefined;
}

/** A private key that can't be used: `reason` completes "the private key ...". */
export interface UnusableKey {
    reason: string;
    /** What the user can do: one sentence without a full stop. */
    todo: string;
}

export const AS_SSH_KEYGEN = "Give the text of a file as ssh-keygen makes it";

/** What is wrong with a private key for every client; undefined if nothing is known to be wrong. */
export function keyProblem(key: KeyFile, passphrase: string | undefined): UnusableKey | undefined {
    switch (key.kind) {
        case "public":
            return {
                reason: `is a public key (${key.type})`,
                todo: "Give the file without .pub, which holds the private key",
            };
        case "certificate":
            return {
                reason: `is a certificate (${key.type}), which goes with a private key`,
                todo: "Give the private key, and set CertificateFile in ~/.ssh/config for the certificate",
            };
        case "putty":
            return { reason: "is in PuTTY's format", todo: "Convert it with puttygen KEY.ppk -O private-openssh" };
        case "unknown":
            return { reason: "isn't a private key in OpenSSH, PEM or PKCS#8 form", todo: AS_SSH_KEYGEN };
        default:
            return isEncrypted(key) && passphrase === undefined ? encryptedKey(undefined) : undefined;
    }
}

function isEncrypted(key: KeyFile): boolean {
    return key.kind === "openssh" ? key.cipher !== "none" : "isEncrypted" in key && key.isEncrypted;
}

export function encryptedKey(passphrase: string | undefined): UnusableKey {
    return passphrase === undefined
        ? {
              reason: "is encrypted, and no privateKeyPassword is given",
              todo: "Set connection.privateKeyPassword, or load the key into an agent (ssh-add)",
          }
        : { reason: "isn't opened by privateKeyPassword", todo: "Set the right connection.privateKeyPassword" };
}

/** `/home/me/.ssh/id_ed25519 (is encrypted, and no privateKeyPassword is given)` for each file that can't be used. */
export function skippedIdentities(credentials: { identityFiles: string[]; passphrase?: string }): string[] {
    return credentials.identityFiles.flatMap((file) => {
        const text = readText(file);
        const problem = text === "" ? undefined : keyProblem(inspectKey(text), credentials.passphrase);
        return problem === undefined ? [] : [`${file} (${problem.reason})`];
    });
}

/** The text of a file; empty if it can't be read. */
export function readText(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
