/** What known_hosts is looked up by, and what a host key is checked against. */
export interface HostKeyPolicy {
    /** The key or fingerprint given by the user; known_hosts isn't looked at then. */
    hostKey?: string;
    /** Accept any key (`insecureIgnoreHostKey`). */
    ignore: boolean;
    /** Names the host has in known_hosts, the first one first: `[web1]:2222`, `web1`. */
    names: string[];
    /** known_hosts files, the user's before the system's. */
    files: string[];
}

/** What may prove who logs in, in the order it is tried. Texts of keys and passwords are secrets. */
export interface Credentials {
    privateKey?: string;
    passphrase?: string;
    password?: string;
    /** Socket of the agent. */
    agent?: string;
    /** Whether the user gave the agent (else it is a default, tried after what was given). */
    agentGiven: boolean;
    /** Offer only those keys of the agent that are in `identityFiles`. */
    identitiesOnly: boolean;
    /** Absolute paths; those that don't exist are skipped. */
    identityFiles: string[];
}

/** How the stream to sshd is had. */
export type Route =
    | { kind: "direct"; family: 0 | 4 | 6 }
    | { kind: "jump"; through: Login }
    | { kind: "command"; command: string };

/** Everything that decides a connection, with ~/.ssh/config and defaults worked in. */
export interface Login {
    /** Address or name that is dialed. */
    address: string;
    port: number;
    user: string;
    hostKey: HostKeyPolicy;
    credentials: Credentials;
    route: Route;
    /** How often a refused or silent port is tried; -1 is without limit. */
    dialErrorLimit: number;
    /** Seconds for one try; 0 is without limit. */
    dialTimeoutSeconds: number;
}

/** `user@address:port`, for texts. */
export function loginText(login: Login): string {
    const address = login.address.includes(":") ? `[${login.address}]` : login.address;
    return `${login.user}@${address}:${login.port}`;
}
