import { ConnectionError } from "../link/connection-error";
import { fingerprint, keyType } from "./fingerprint";

/** Signature algorithms of a key type (RFC 8332 for RSA) that ssh2 knows. */
export const ALGORITHMS: Record<string, string[]> = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** Parses a public key (`ssh-ed25519 AAAA...`) or a fingerprint (`SHA256:...`). */
export function parseHostKey(text: string): {
    type?: string;
    /** `ssh-ed25519 AAAA...`, if the text is a key. */
    line?: string;
    fingerprint: string;
    matches: (key: Buffer) => boolean;
} {
    if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text)) {
        const wanted = text.replace(/=$/, "");
        return { fingerprint: wanted, matches: (key) => fingerprint(key) === wanted };
    }
    const words = text.split(/\s+/);
    const index = words.findIndex((word) => word in ALGORITHMS);
    const bytes = Buffer.from(words[index + 1] ?? "", "base64");
    if (index < 0 || bytes.length < 8 || keyType(bytes) !== words[index]) {
        throw new ConnectionError("settings", {
            property: "connection.hostKey",
            what: "it is neither a public host key nor its SHA256 fingerprint",
            todo: "Give a line as in /etc/ssh/ssh_host_ed25519_key.pub, or what ssh-keygen -l -f says of it",
        });
    }
    const type = words[index];
    const line = `${type} ${bytes.toString("base64")}`;
    return { type, line, fingerprint: fingerprint(bytes), matches: (key) => key.equals(bytes) };
}
