import { createPrivateKey, type KeyObject } from "node:crypto";
import { AS_SSH_KEYGEN, encryptedKey, type UnusableKey } from "./key-file";

const ED25519_SEED_BYTES = 32;

/**
 * Decrypts a PKCS#8 key and converts it to a form that both clients support: ssh2 supports no PKCS#8, and OpenSSH before 9.6 none
 * with Ed25519.
 */
export function fromPkcs8(text: string, passphrase: string | undefined): string | UnusableKey {
    let key: KeyObject;
    try {
        key = createPrivateKey({ key: text, passphrase });
    } catch {
        const isEncrypted = text.includes("BEGIN ENCRYPTED");
        return isEncrypted ? encryptedKey(passphrase) : { reason: "can't be read (PKCS#8)", todo: AS_SSH_KEYGEN };
    }
    switch (key.asymmetricKeyType) {
        case "rsa":
            return key.export({ type: "pkcs1", format: "pem" }).toString();
        case "ec":
            return key.export({ type: "sec1", format: "pem" }).toString();
        case "ed25519":
            return openSshText(key);
        default:
            return {
                reason: `is of the type ${key.asymmetricKeyType}, which SSH doesn't use`,
                todo: "Give an Ed25519, ECDSA or RSA key",
            };
    }
}

/** The text of an OpenSSH key file for an Ed25519 key (PROTOCOL.key of OpenSSH). */
function openSshText(key: KeyObject): string {
    const { d = "", x = "" } = key.export({ format: "jwk" });
    const seed = Buffer.from(d, "base64url").subarray(0, ED25519_SEED_BYTES);
    const point = Buffer.from(x, "base64url");
    const type = "ssh-ed25519";
    const check = Buffer.alloc(8); // two equal numbers, by which readers verify the decryption
    const secret = Buffer.concat([
        check,
        withLength(type),
        withLength(point),
        withLength(Buffer.concat([seed, point])),
        withLength(""),
    ]);
    const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
    const one = Buffer.from([0, 0, 0, 1]);
    const bytes = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        withLength("none"),
        withLength("none"),
        withLength(""),
        one,
        withLength(Buffer.concat([withLength(type), withLength(point)])),
        withLength(Buffer.concat([secret, padding])),
    ]);
    const lines = bytes.toString("base64").replace(/.{70}/g, "$&\n").trimEnd();
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** A string of the SSH protocol (RFC 4251, 5). */
function withLength(value: string | Buffer): Buffer {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
}
