import * as z from "zod";
import { objectType } from "../schema/marks";

const fields = {
    host: z.string().min(1).describe("Address of the host, or its name in ~/.ssh/config."),
    user: z
        .string()
        .min(1)
        .optional()
        .describe("Login name. Default: what ~/.ssh/config says, else root. Anyone but root needs sudo or doas."),
    port: z
        .number()
        .int()
        .min(1)
        .max(65535)
        .optional()
        .describe("Port of sshd. Default: what ~/.ssh/config says, else 22."),
    password: z.string().optional().meta({ description: "Password of the login.", secret: true }),
    privateKey: z.string().optional().meta({
        description:
            "Private key, as the text of its file (OpenSSH, PEM or PKCS#8). Default: the agent, then the identity files of ~/.ssh/config.",
        secret: true,
    }),
    privateKeyPassword: z.string().optional().meta({ description: "Passphrase of the private key.", secret: true }),
    agentSocketPath: z
        .string()
        .optional()
        .describe("Socket of the SSH agent. Default: IdentityAgent of ~/.ssh/config, else SSH_AUTH_SOCK."),
    dialErrorLimit: z
        .number()
        .int()
        .min(-1)
        .optional()
        .describe(
            "Number of attempts to connect before giving up; -1 is without limit. Default: 10. Only a refused or silent port is tried again; a wrong key or a failed login fails at once.",
        ),
    perDialTimeout: z
        .number()
        .int()
        .min(0)
        .optional()
        .describe("Time limit in seconds of one attempt to connect; 0 is without limit. Default: 15."),
    hostKey: z
        .string()
        .optional()
        .describe(
            "Public host key the host must show: `ssh-ed25519 AAAA...`, or its fingerprint `SHA256:...`. Default: what known_hosts has for the host.",
        ),
    insecureIgnoreHostKey: z
        .boolean()
        .optional()
        .describe(
            "Accept any host key. Anyone on the network path can then read and change everything; each run warns. Default: false.",
        ),
};

const proxy = objectType("ProxyConnection", "How to log in to the jump host that the connection goes through.", fields);

/**
 * How to reach a host over SSH and how to verify its host key. The fields are those of @pulumi/command and more.
 */
export const connection = objectType(
    "Connection",
    "How to log in to a host over SSH. Unset fields fall back to the provider's `connection`, then to ~/.ssh/config (the variable PORTABLE_SSH_CONFIG names another file). If the provider's connection is for a different host, its credentials (user, password, keys, host key, jump host) are not used.",
    {
        ...fields,
        host: fields.host.optional().meta({
            description:
                "Address of the host, or its name in ~/.ssh/config. Another one is another host: it replaces the resource. Default: the provider's.",
            replaces: true,
        }),
        sudo: z
            .boolean()
            .optional()
            .describe(
                "Whether commands run as root through sudo, or doas where there is no sudo. Default: true for every login but root.",
            ),
        sudoPassword: z.string().optional().meta({
            description: "Password that sudo asks for. Default: none; sudo must not ask for one then (NOPASSWD).",
            secret: true,
        }),
        client: z
            .enum(["auto", "built-in", "openssh"])
            .optional()
            .describe(
                "Which SSH client logs in. `openssh` runs the program `ssh` of this machine, and can log in wherever that can. `built-in` needs none. Default: `auto`, which takes `openssh` where the settings, keys or known hosts need it: certificates, security keys, KnownHostsCommand and the like.",
            ),
        proxy: proxy.optional().describe("Jump host. Default: ProxyJump of ~/.ssh/config."),
    },
);
export type Connection = z.output<typeof connection>;

/** Environment variables that stand in for fields that the provider's `connection` leaves unset. */
export const ENVIRONMENT = {
    host: "PORTABLE_HOST",
    user: "PORTABLE_USER",
    port: "PORTABLE_PORT",
    password: "PORTABLE_PASSWORD",
    privateKey: "PORTABLE_PRIVATE_KEY",
    privateKeyPassword: "PORTABLE_PRIVATE_KEY_PASSWORD",
} satisfies Partial<Record<keyof Connection, string>>;

/**
 * When a field of the provider's `connection` is used for a resource that leaves it unset. A function is called only if
 * both connections name the same host, or if one of them names none.
 */
type Offer = "any host" | ((declared: Connection, defaults: Connection) => boolean);
const sameHost = () => true;

/**
 * The policy of each field. Credentials and host keys of one host are not used for another host; "any host" marks fields
 * that only concern the client's side of the connection.
 */
export const OFFERS = {
    host: sameHost,
    user: sameHost,
    port: sameHost,
    password: (declared, defaults) => declared.user === undefined || declared.user === defaults.user,
    privateKey: sameHost,
    privateKeyPassword: (declared) => declared.privateKey === undefined,
    agentSocketPath: "any host",
    dialErrorLimit: "any host",
    perDialTimeout: "any host",
    hostKey: sameHost,
    // A declared host key is always verified.
    insecureIgnoreHostKey: (declared) => declared.hostKey === undefined,
    sudo: sameHost,
    sudoPassword: (declared, defaults) => declared.user === undefined || declared.user === defaults.user,
    client: "any host",
    proxy: sameHost,
} satisfies Record<keyof Connection, Offer>;
