import { createPrivateKey, type KeyObject } from "node:crypto";
import { type ParsedKey, utils } from "ssh2";
import {
    AS_SSH_KEYGEN,
    encryptedKey,
    inspectKey,
    keyProblem,
    onlyOpenSshReads,
    type UnusableKey,
} from "../login/key-file";

const ED25519_SEED_BYTES = 32;
const TO_OPENSSH = 'Set connection.client to "openssh"';

/** Reads a private key in OpenSSH, PEM or PKCS#8 form. */
export function readPrivateKey(text: string, passphrase?: string): ParsedKey | UnusableKey {
    const file = inspectKey(text);
    const onlyOpenSsh = onlyOpenSshReads(file);
    if (onlyOpenSsh !== undefined)
        return { reason: `${onlyOpenSsh}, which the built-in client doesn't support`, todo: TO_OPENSSH };
    return (
        keyProblem(file, passphrase) ??
        (file.kind === "pkcs8" ? readPkcs8(text, passphrase) : orReason(parseKey(text, passphrase), passphrase))
    );
}

/** Reads the line of a .pub file; undefined for what isn't one. */
export function readPublicKey(text: string): ParsedKey | undefined {
    const parsed = parseKey(text);
    return parsed instanceof Error ? undefined : parsed;
}

function parseKey(text: string, passphrase?: string): ParsedKey | Error {
    // It returns a list for some formats, against its own types.
    const parsed = utils.parseKey(text.endsWith("\n") ? text : `${text}\n`, passphrase) as
        | ParsedKey
        | ParsedKey[]
        | Error;
    return Array.isArray(parsed) ? (parsed[0] ?? new Error("empty")) : parsed;
}

function orReason(parsed: ParsedKey | Error, passphrase: string | undefined): ParsedKey | UnusableKey {
    if (!(parsed instanceof Error)) return parsed;
    if (/passphrase|encrypted|integrity|decrypt/i.test(parsed.message)) return encryptedKey(passphrase);
    return { reason: `can't be read (${parsed.message})`, todo: AS_SSH_KEYGEN };
}

/** ssh2 doesn't read PKCS#8; Node.js does, and writes what ssh2 reads. */
function readPkcs8(text: string, passphrase: string | undefined): ParsedKey | UnusableKey {
    let key: KeyObject;
    try {
        key = createPrivateKey({ key: text, passphrase });
    } catch {
        const isEncrypted = text.includes("BEGIN ENCRYPTED");
        return isEncrypted ? encryptedKey(passphrase) : { reason: "can't be read (PKCS#8)", todo: AS_SSH_KEYGEN };
    }
    switch (key.asymmetricKeyType) {
        case "rsa":
            return orReason(parseKey(key.export({ type: "pkcs1", format: "pem" }).toString()), undefined);
        case "ec":
            return orReason(parseKey(key.export({ type: "sec1", format: "pem" }).toString()), undefined);
        case "ed25519":
            return orReason(parseKey(openSshText(key)), undefined);
        default:
            return {
                reason: `is of the type ${key.asymmetricKeyType}, which SSH doesn't use`,
                todo: "Give an Ed25519, ECDSA or RSA key",
            };
    }
}

/** The text of an OpenSSH file for an Ed25519 key (PROTOCOL.key of OpenSSH). */
function openSshText(key: KeyObject): string {
    const { d = "", x = "" } = key.export({ format: "jwk" });
    const seed = Buffer.from(d, "base64url").subarray(0, ED25519_SEED_BYTES);
    const point = Buffer.from(x, "base64url");
    const type = "ssh-ed25519";
    const check = Buffer.alloc(8); // Two equal numbers: the key was decrypted right
    const secret = Buffer.concat([
        check,
        lengthy(type),
        lengthy(point),
        lengthy(Buffer.concat([seed, point])),
        lengthy(""),
    ]);
    const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
    const one = Buffer.from([0, 0, 0, 1]);
    const bytes = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        lengthy("none"),
        lengthy("none"),
        lengthy(""),
        one,
        lengthy(Buffer.concat([lengthy(type), lengthy(point)])),
        lengthy(Buffer.concat([secret, padding])),
    ]);
    const lines = bytes.toString("base64").replace(/.{70}/g, "$&\n").trimEnd();
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** A string of the SSH protocol (RFC 4251, 5). */
function lengthy(value: string | Buffer): Buffer {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
}
