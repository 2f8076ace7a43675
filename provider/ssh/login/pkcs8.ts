import { createPrivateKey, type KeyObject } from "node:crypto";
import { AS_SSH_KEYGEN, encryptedKey, type UnusableKey } from "./key-file";

const ED25519_SEED_BYTES = 32;

/**
 * The text of a PKCS#8 key in a form that both clients read: ssh2 reads no PKCS#8, and OpenSSH before 9.6 none with
 * Ed25519. It isn't encrypted any more.
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
