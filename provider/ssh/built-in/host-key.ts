import { ConnectionError } from "../link/connection-error";
import { fingerprint, keyType } from "../login/fingerprint";
import { ALGORITHMS, parseHostKey } from "../login/host-key-input";
import { findKnownHosts, type KnownHost } from "../login/known-hosts";
import type { Login } from "../login/login";
import { revocation } from "./revoked-keys";

/** Verifies the key that a host sends. */
export interface HostKeyCheck {
    /** Host key algorithms, those of known keys first, so that a host with several keys sends a known one. */
    readonly algorithms: string[];
    /** Verifies a key as sent (RFC 4253, 6.6). @returns what is wrong with it; undefined if it is accepted */
    judge(key: Buffer): Promise<ConnectionError | undefined>;
}

/** @throws ConnectionError `settings` if hostKey is malformed or ssh-keygen isn't installed */
export async function hostKeyCheck(login: Login, signal?: AbortSignal): Promise<HostKeyCheck> {
    const policy = login.hostKey;
    if (policy.ignore) return { algorithms: preferred([]), judge: (key) => judgeRevoked(login, key) };
    if (policy.hostKey !== undefined) {
        const wanted = parseHostKey(policy.hostKey);
        return {
            algorithms: preferred(wanted.type === undefined ? [] : [wanted.type]),
            judge: async (key) =>
                (await judgeRevoked(login, key)) ??
                (wanted.matches(key) ? undefined : notTheGiven(login, wanted.fingerprint, key)),
        };
    }
    const all = await findKnownHosts(policy.names, policy.files, signal);
    const keys = all.filter((entry) => entry.marker === undefined);
    return {
        algorithms: preferred(keys.map((entry) => entry.type)),
        judge: async (key) => (await judgeRevoked(login, key)) ?? judgeKnown(login, all, key),
    };
}

/** The error for a key in RevokedHostKeys, which takes precedence over known_hosts and hostKey. */
async function judgeRevoked(login: Login, key: Buffer): Promise<ConnectionError | undefined> {
    for (const file of login.hostKey.revokedFiles) {
        const reason = await revocation(file, key);
        if (reason === undefined) continue;
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)} (${keyType(key)}), but ${reason}`,
            todo: "The answer may not come from the host: find out before anything else",
        });
    }
    return undefined;
}

function judgeKnown(login: Login, all: KnownHost[], key: Buffer): ConnectionError | undefined {
    const base64 = key.toString("base64");
    const same = all.filter((entry) => entry.key === base64);
    const revoked = same.find((entry) => entry.marker === "@revoked");
    if (revoked !== undefined) {
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)}, which ${lineText(revoked)} revokes`,
            todo: "The answer may not come from the host: find out before anything else",
        });
    }
    if (same.some((entry) => entry.marker === undefined)) return undefined;
    // A key for the name without the port can only confirm the key of another port, as with ssh; it doesn't contradict it.
    const entry = all.filter((line) => line.marker === undefined && line.name === login.hostKey.names[0]);
    const [first] = entry;
    if (first !== undefined) {
        const right = entry.find((line) => line.type === keyType(key)) ?? first;
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)} (${keyType(key)}), but ${lineText(right)} knows ${fingerprint(Buffer.from(right.key, "base64"))} (${right.type})`,
            todo: `Only if the host was really reinstalled, remove the old key (ssh-keygen -R '${first.name}' -f ${first.file}) and add the new one`,
        });
    }
    const authority = all.find((line) => line.marker === "@cert-authority");
    if (authority !== undefined) {
        return hostKeyError(login, {
            what: `shows the host key ${fingerprint(key)}, and ${lineText(authority)} only trusts certificates, which the built-in client doesn't support`,
            todo: 'Set connection.client to "openssh", add the host\'s own key to known_hosts, or give it as connection.hostKey',
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

function lineText(entry: KnownHost): string {
    return `${entry.file}:${entry.line}`;
}

function preferred(types: readonly string[]): string[] {
    const first = types.flatMap((type) => ALGORITHMS[type] ?? []);
    return [...new Set([...first, ...Object.values(ALGORITHMS).flat()])];
}
