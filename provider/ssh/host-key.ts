import { createHash } from "node:crypto";
import { ConnectionError } from "./connection-error";
import { findKnownHosts, type KnownHost } from "./known-hosts";
import type { Login } from "./login";

/** Signature algorithms a key type may show itself with (RFC 8332 for RSA); those that ssh2 knows. */
const algorithmsOfType: Record<string, string[]> = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** Judges the key that a host shows. */
export interface HostKeyCheck {
    /** Host key algorithms, those of known keys first: a host with several keys shows the one that is known. */
    readonly algorithms: string[];
    /** The key as sent (RFC 4253, 6.6). @returns what is wrong with it, undefined when it is the right one */
    judge(key: Buffer): ConnectionError | undefined;
}

/** @throws ConnectionError `settings` for a hostKey that can't be read, or without ssh-keygen */
export async function hostKeyCheck(login: Login, signal?: AbortSignal): Promise<HostKeyCheck> {
    const policy = login.hostKey;
    if (policy.ignore) return { algorithms: preferred([]), judge: () => undefined };
    if (policy.hostKey !== undefined) {
        const given = parseHostKey(policy.hostKey);
        return {
            algorithms: preferred(given.type === undefined ? [] : [given.type]),
            judge: (key) => (given.matches(key) ? undefined : notTheGiven(login, given.fingerprint, key)),
        };
    }
    const all = await findKnownHosts(policy.names, policy.files, signal);
    const keys = all.filter((known) => known.marker === undefined);
    return { algorithms: preferred(keys.map((known) => known.type)), judge: (key) => judgeKnown(login, all, key) };
}

function judgeKnown(login: Login, all: KnownHost[], key: Buffer): ConnectionError | undefined {
    const base64 = key.toString("base64");
    const same = all.filter((known) => known.key === base64);
    const revoked = same.find((known) => known.marker === "@revoked");
    if (revoked !== undefined) {
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)}, which ${place(revoked)} revokes`,
            todo: "Whoever answers may not be the host: find out before anything else",
        });
    }
    if (same.some((known) => known.marker === undefined)) return undefined;
    // A key of the plain name says nothing against another port of it: ssh takes it as a match only
    const known = all.filter((one) => one.marker === undefined && one.name === login.hostKey.names[0]);
    const [first] = known;
    if (first !== undefined) {
        const right = known.find((one) => one.type === keyType(key)) ?? first;
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)} (${keyType(key)}), but ${place(right)} knows ${fingerprint(Buffer.from(right.key, "base64"))} (${right.type})`,
            todo: `Only if the host was really made anew, take the old key out (ssh-keygen -R '${first.name}' -f ${first.file}) and add the new one`,
        });
    }
    const authority = all.find((one) => one.marker === "@cert-authority");
    if (authority !== undefined) {
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)}, and ${place(authority)} only trusts certificates, which aren't supported`,
            todo: "Add the host's own key to known_hosts, or give it as connection.hostKey",
        });
    }
    const port = login.port === 22 ? "" : `-p ${login.port} `;
    return hostKeyError(login, {
        what: `shows the host key ${fingerprint(key)} (${keyType(key)}), which isn't known`,
        todo: `Compare it with the host's own (there: ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub); then log in once with ssh, or add it (ssh-keyscan ${port}${login.address} >> ~/.ssh/known_hosts), or set connection.hostKey to "${fingerprint(key)}"`,
    });
}

function notTheGiven(login: Login, wanted: string, key: Buffer): ConnectionError {
    return hostKeyError(login, {
        property: "connection.hostKey",
        what: `shows the host key ${fingerprint(key)} (${keyType(key)}), but connection.hostKey is ${wanted}`,
        todo: "Either it is another host, or connection.hostKey is out of date",
    });
}

function hostKeyError(login: Login, problem: { what: string; todo: string; property?: string }): ConnectionError {
    const { what, ...rest } = problem;
    return new ConnectionError("hostKey", { ...rest, what: `${login.address}:${login.port} ${what}` });
}

function place(known: KnownHost): string {
    return `${known.file}:${known.line}`;
}

/** A public key line (`ssh-ed25519 AAAA...`), or a fingerprint (`SHA256:...`). */
export function parseHostKey(text: string): {
    type?: string;
    fingerprint: string;
    matches: (key: Buffer) => boolean;
} {
    if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text)) {
        const wanted = text.replace(/=$/, "");
        return { fingerprint: wanted, matches: (key) => fingerprint(key) === wanted };
    }
    const words = text.split(/\s+/);
    const at = words.findIndex((word) => word in algorithmsOfType);
    const bytes = Buffer.from(words[at + 1] ?? "", "base64");
    if (at < 0 || bytes.length < 8 || keyType(bytes) !== words[at]) {
        throw new ConnectionError("settings", {
            property: "connection.hostKey",
            what: "it is neither a public host key nor its SHA256 fingerprint",
            todo: "Give a line as in /etc/ssh/ssh_host_ed25519_key.pub, or what ssh-keygen -l -f says of it",
        });
    }
    return { type: words[at], fingerprint: fingerprint(bytes), matches: (key) => key.equals(bytes) };
}

/** `SHA256:...` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
    return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** Name of the type, the first string of a public key (RFC 4253, 6.6). */
function keyType(key: Buffer): string {
    if (key.length < 4) return "unknown";
    return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}

function preferred(types: readonly string[]): string[] {
    const first = types.flatMap((type) => algorithmsOfType[type] ?? []);
    return [...new Set([...first, ...Object.values(algorithmsOfType).flat()])];
}

/** The text of the warning that `insecureIgnoreHostKey` draws. */
export function ignoredWarning(login: Login): string {
    return `${login.address}:${login.port}: its host key is not verified (insecureIgnoreHostKey). Whoever is on the way can read and change everything, secrets too. Set connection.hostKey instead.`;
}
