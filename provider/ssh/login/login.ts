/** How the key that a host shows is judged. */
export interface HostKeyPolicy {
    /** The key or fingerprint given by the user; known_hosts isn't read then. */
    hostKey?: string;
    /** Accept any key (`insecureIgnoreHostKey`). */
    ignore: boolean;
    /** Names the host has in known_hosts, the first one first: `[web1]:2222`, `web1`. */
    names: string[];
    /** known_hosts files, the user's before the system's. */
    files: string[];
    /** Files of RevokedHostKeys: lists of public keys, or key revocation lists (ssh-keygen(1), KEY REVOCATION LISTS). */
    revokedFiles: string[];
}

/** What may prove the identity of the login, in the order it is tried. Texts of keys and passwords are secrets. */
export interface Credentials {
    privateKey?: string;
    passphrase?: string;
    password?: string;
    /** Socket of the agent. */
    agent?: string;
    /** Whether the user gave the agent (else it is a default, tried after what was given). */
    isAgentGiven: boolean;
    /** Offer only those keys of the agent that are in `identityFiles`. */
    identitiesOnly: boolean;
    /** Absolute paths; missing files are skipped. */
    identityFiles: string[];
}

/** How the stream to sshd is opened. */
export type Route =
    | { kind: "direct"; family: 0 | 4 | 6 }
    | { kind: "jump"; through: Login; isGiven: boolean }
    | { kind: "command"; command: string };

/** Which client logs in: the library ssh2, or the program `ssh` of this machine. */
export type Client = "built-in" | "openssh";

/** Everything that decides a connection, with ~/.ssh/config and defaults merged in. */
export interface Login {
    /** Name as the user wrote it: what ssh looks up in ~/.ssh/config. */
    name: string;
    /** Address or name that is dialed. */
    address: string;
    port: number;
    user: string;
    hostKey: HostKeyPolicy;
    credentials: Credentials;
    route: Route;
    /** Whether ssh_config has `ForkAfterAuthentication yes`, which ssh before 8.7 doesn't know. */
    forks?: boolean;
    /** What ssh_config allows, the preferred first; empty where there is no program ssh. */
    kexAlgorithms: string[];
    ciphers: string[];
    /** How often a refused or silent port is tried; -1 is without limit. */
    dialErrorLimit: number;
    /** Seconds for one try; 0 is without limit. */
    dialTimeoutSeconds: number;
    client: Client;
    /** Why `auto` took the OpenSSH client: "CertificateFile ~/.ssh/id-cert.pub". */
    clientReason?: string;
    /** Whether the OpenSSH client may log in where the built-in one turns out to lack an algorithm. */
    mayUseOpenSsh: boolean;
}

/** `user@address:port`, for texts. */
export function loginText(login: Pick<Login, "address" | "port" | "user">): string {
    const address = login.address.includes(":") ? `[${login.address}]` : login.address;
    return `${login.user}@${address}:${login.port}`;
}

/** The text of the warning that `insecureIgnoreHostKey` draws. */
export function ignoredWarning(login: Login): string {
    return `${login.address}:${login.port}: its host key is not verified (insecureIgnoreHostKey). Whoever is on the way can read and change everything, secrets too. Set connection.hostKey instead.`;
}
