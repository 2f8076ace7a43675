/** How a host's key is verified. */
export interface HostKeyPolicy {
    /** The key or fingerprint in connection.hostKey; if it is set, known_hosts isn't read. */
    hostKey?: string;
    /** Accept any key (`insecureIgnoreHostKey`). */
    ignore: boolean;
    /** Names to look up in known_hosts, in this order: `[web1]:2222`, `web1`. */
    names: string[];
    /** Paths of known_hosts files, the user's before the system's. */
    files: string[];
    /** Paths in RevokedHostKeys: lists of public keys, or key revocation lists (ssh-keygen(1), KEY REVOCATION LISTS). */
    revokedFiles: string[];
}

/** Credentials, in the order in which they are tried. Texts of keys and passwords are secrets. */
export interface Credentials {
    privateKey?: string;
    passphrase?: string;
    password?: string;
    /** Path of the agent's socket. */
    agent?: string;
    /** Whether the connection names the agent; otherwise it is a default, tried after declared credentials. */
    isAgentGiven: boolean;
    /** Whether to offer only those keys of the agent that are in `identityFiles`. */
    identitiesOnly: boolean;
    /** Absolute paths of identity files; missing files are skipped. */
    identityFiles: string[];
}

/** How the stream to sshd is opened. */
export type Route =
    | { kind: "direct"; family: 0 | 4 | 6 }
    | { kind: "jump"; through: Login; isGiven: boolean }
    | { kind: "command"; command: string };

/** The client that logs in: the library ssh2, or this machine's program `ssh`. */
export type Client = "built-in" | "openssh";

/** All settings of a connection, merged with ~/.ssh/config and defaults. */
export interface Login {
    /** The name in `connection.host`, which ssh looks up in ~/.ssh/config. */
    name: string;
    /** Address or name to dial. */
    address: string;
    port: number;
    user: string;
    hostKey: HostKeyPolicy;
    credentials: Credentials;
    route: Route;
    /** Whether ssh_config has `ForkAfterAuthentication yes`, which ssh before 8.7 doesn't support. */
    forks?: boolean;
    /** Key exchanges that ssh_config allows, in the order of preference; empty without the program ssh. */
    kexAlgorithms: string[];
    ciphers: string[];
    /** Number of attempts for a port that refuses or doesn't answer; -1 is without limit. */
    dialErrorLimit: number;
    /** Time limit of one attempt in seconds; 0 is without limit. */
    dialTimeoutSeconds: number;
    client: Client;
    /** Why `auto` chose the OpenSSH client: "CertificateFile ~/.ssh/id-cert.pub". */
    clientReason?: string;
    /** Whether the OpenSSH client may log in if the built-in one lacks an algorithm. */
    mayUseOpenSsh: boolean;
}

/** `user@address:port`, for texts. */
export function loginText(login: Pick<Login, "address" | "port" | "user">): string {
    const address = login.address.includes(":") ? `[${login.address}]` : login.address;
    return `${login.user}@${address}:${login.port}`;
}

/** The text of the warning about `insecureIgnoreHostKey`. */
export function ignoredWarning(login: Login): string {
    return `${login.address}:${login.port}: its host key is not verified (insecureIgnoreHostKey). Whoever is on the way can read and change everything, secrets too. Set connection.hostKey instead.`;
}
