import { createHash } from "node:crypto";

/** The fingerprint `SHA256:...` of a public key, as printed by ssh-keygen -l. */
export function fingerprint(key: Buffer): string {
    return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type of a public key, which is its first string (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
    if (key.length < 4) return "unknown";
    return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}
