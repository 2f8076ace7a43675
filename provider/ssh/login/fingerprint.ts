import { createHash } from "node:crypto";

/** `SHA256:...` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
    return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Name of the type, the first string of a public key (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
    if (key.length < 4) return "unknown";
    return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}
