import { existsSync } from "node:fs";
import { join } from "node:path";
import { environment } from "../../environment";
import type { Connection } from "../../host/connection";
import { ConnectionError } from "../link/connection-error";
import { builtInLacks } from "./choose-client";
import type { Client, Credentials, HostKeyPolicy, Login, Route } from "./login";
import {
    expandPath,
    expandTokens,
    localUser,
    namesUser,
    parseJump,
    type SshQuery,
    type SshSettings,
    splitPaths,
    sshSettings,
} from "./ssh-config";

const JUMPS_MAX = 8;
type Proxy = NonNullable<Connection["proxy"]>;

/**
 * The effective settings: fields of the connection take precedence over ssh_config(5), and that over defaults.
 * @throws ConnectionError `settings`
 */
export async function resolveLogin(connection: Connection, signal?: AbortSignal): Promise<Login> {
    const { host, proxy } = connection;
    if (host === undefined) {
        throw new ConnectionError("settings", {
            property: "connection.host",
            what: "no host is given",
            todo: "Set it on the resource, or in the provider's connection",
        });
    }
    const options = { signal, client: connection.client };
    if (proxy === undefined) return resolveHop({ ...connection, host }, { ...options, jumps: 0 });
    const limits = limitsOf(connection);
    const through = await resolveHop({ ...limits, ...proxy }, { ...options, jumps: 1 });
    return resolveHop({ ...connection, host }, { ...options, jumps: 0, through, isGiven: true });
}

interface HopOptions {
    signal?: AbortSignal;
    client: Connection["client"];
    /** Number of jump hosts so far, to detect a ring. */
    jumps: number;
    /** Jump host of the hop; if undefined, ssh_config decides. */
    through?: Login;
    /** Whether `through` is the connection's `proxy`. */
    isGiven?: boolean;
    /** Whether the default user is the local user, as with ssh (for a hop of ProxyJump), rather than root. */
    isLocalUser?: boolean;
}

/** Limits of dialing, which also apply to the jump hosts of a connection. */
type Limits = Pick<Proxy, "dialErrorLimit" | "perDialTimeout">;

function limitsOf({ dialErrorLimit, perDialTimeout }: Limits): Limits {
    return { dialErrorLimit, perDialTimeout };
}

async function resolveHop(connection: Proxy, options: HopOptions): Promise<Login> {
    const { signal } = options;
    if (options.jumps > JUMPS_MAX) {
        throw new ConnectionError("settings", {
            what: `the route to the host has more than ${JUMPS_MAX} jump hosts, or is a ring`,
            todo: "Check ProxyJump in ~/.ssh/config",
        });
    }
    const query: SshQuery = { host: checkedName(connection.host), user: connection.user, port: connection.port };
    const settings = await sshSettings(query, signal);
    const one = (keyword: string) => settings?.get(keyword)?.[0];
    const user = connection.user ?? (await defaultUser(query, settings, options));
    const address = checkedName(one("hostname") ?? connection.host);
    const port = connection.port ?? Number(one("port") ?? 22);
    const alias = one("hostkeyalias");
    const tokens = { h: address, n: connection.host, p: String(port), r: user, k: alias ?? connection.host };
    const hostKey = hostKeyPolicy(connection, settings, { address, port, alias, tokens });
    const credentials = credentialsOf(connection, settings, tokens);
    const client = await chooseClient(options, settings, { hostKey, credentials });
    const route = await resolveRoute(settings, tokens, {
        ...options,
        client: client.client,
        limits: limitsOf(connection),
    });
    const hop = route.kind === "jump" ? route.through : undefined;
    return {
        name: connection.host,
        address,
        port,
        user,
        hostKey,
        credentials,
        route,
        forks: one("forkafterauthentication") === "yes",
        kexAlgorithms: one("kexalgorithms")?.split(",") ?? [],
        ciphers: one("ciphers")?.split(",") ?? [],
        dialErrorLimit: connection.dialErrorLimit ?? 10,
        dialTimeoutSeconds: connection.perDialTimeout ?? (Number.parseInt(one("connecttimeout") ?? "", 10) || 15),
        mayUseOpenSsh: options.client !== "built-in" && settings !== undefined,
        // If only OpenSSH can log in to a jump host, it must be used for all hosts behind it.
        ...(hop?.client === "openssh" ? { client: hop.client, clientReason: hop.clientReason } : client),
    };
}

async function chooseClient(
    options: HopOptions,
    settings: SshSettings | undefined,
    login: Pick<Login, "hostKey" | "credentials">,
): Promise<{ client: Client; clientReason?: string }> {
    if (options.client === "openssh") {
        if (settings !== undefined) return { client: "openssh" };
        throw new ConnectionError("settings", {
            property: "connection.client",
            what: "there is no program ssh on this machine, or it doesn't run for this user",
            todo: "Install the OpenSSH client, or leave connection.client unset",
        });
    }
    if (options.client === "built-in" || settings === undefined) return { client: "built-in" };
    const clientReason = await builtInLacks(settings, login);
    return clientReason === undefined ? { client: "built-in" } : { client: "openssh", clientReason };
}

async function defaultUser(query: SshQuery, settings: SshSettings | undefined, options: HopOptions): Promise<string> {
    const local = localUser().username;
    const configured = settings?.get("user")?.[0];
    if (configured !== undefined && configured !== local) return configured;
    if (options.isLocalUser) return local;
    // ssh -G prints the local user even if no user is configured, so it is only used if it was configured; else root is.
    return configured !== undefined && configured !== "root" && (await namesUser(query, options.signal))
        ? configured
        : "root";
}

function hostKeyPolicy(
    connection: Proxy,
    settings: SshSettings | undefined,
    { address, port, alias, tokens }: { address: string; port: number; alias?: string; tokens: Record<string, string> },
): HostKeyPolicy {
    const home = localUser().homedir;
    const filesOf = (keyword: string) =>
        splitPaths(settings?.get(keyword)?.[0] ?? "")
            .filter((file) => file !== "none")
            .map((file) => expandPath(file, tokens));
    const files = ["userknownhostsfile", "globalknownhostsfile"].flatMap(filesOf);
    const plain = (alias ?? address).toLowerCase();
    return {
        hostKey: connection.hostKey?.trim() || undefined,
        // A resource's host key takes precedence over insecureIgnoreHostKey of the provider's connection.
        ignore: connection.insecureIgnoreHostKey === true && connection.hostKey === undefined,
        names: alias !== undefined || port === 22 ? [plain] : [`[${plain}]:${port}`, plain],
        files: settings === undefined ? [join(home, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"] : files,
        revokedFiles: filesOf("revokedhostkeys"),
    };
}

function credentialsOf(
    connection: Proxy,
    settings: SshSettings | undefined,
    tokens: Record<string, string>,
): Credentials {
    const ownKey = connection.privateKey !== undefined;
    const files = (settings?.get("identityfile") ?? [])
        .filter((file) => file !== "none")
        .map((file) => expandPath(file, tokens));
    return {
        privateKey: connection.privateKey,
        passphrase: connection.privateKeyPassword,
        password: connection.password,
        agent: connection.agentSocketPath ?? (ownKey ? undefined : configuredAgent(settings, tokens)),
        isAgentGiven: connection.agentSocketPath !== undefined,
        identitiesOnly: !ownKey && settings?.get("identitiesonly")?.[0] === "yes",
        identityFiles: ownKey ? [] : files,
    };
}

/** The agent of IdentityAgent: a path, `none`, `SSH_AUTH_SOCK`, or a variable `$NAME`. */
function configuredAgent(settings: SshSettings | undefined, tokens: Record<string, string>): string | undefined {
    const agentSetting = settings?.get("identityagent")?.[0];
    if (agentSetting === "none") return undefined;
    const path =
        agentSetting === undefined || agentSetting === "SSH_AUTH_SOCK"
            ? environment().SSH_AUTH_SOCK
            : agentSetting.startsWith("$") && !agentSetting.startsWith("${")
              ? environment()[agentSetting.slice(1)]
              : expandPath(agentSetting, tokens);
    return path && existsSync(path) ? path : undefined;
}

async function resolveRoute(
    settings: SshSettings | undefined,
    tokens: Record<string, string>,
    options: HopOptions & { limits: Limits },
): Promise<Route> {
    const { through, isGiven = false } = options;
    if (through !== undefined) return { kind: "jump", through, isGiven };
    const jump = settings?.get("proxyjump")?.[0];
    if (jump !== undefined && jump !== "none") {
        return { kind: "jump", through: await resolveChain(jump, options), isGiven: false };
    }
    const command = settings?.get("proxycommand")?.[0];
    if (command !== undefined && command !== "none") {
        if (settings?.get("proxyusefdpass")?.[0] === "yes" && options.client === "built-in") {
            throw new ConnectionError("settings", {
                what: "the built-in client doesn't support ProxyUseFdpass of ~/.ssh/config",
                todo: 'Set connection.client to "openssh", or use a ProxyCommand that carries the data itself',
            });
        }
        return { kind: "command", command: expandTokens(command, { ...tokens, r: checkedUser(tokens.r ?? "") }) };
    }
    const family = { inet: 4, inet6: 6 } as const;
    return { kind: "direct", family: family[settings?.get("addressfamily")?.[0] as "inet" | "inet6"] ?? 0 };
}

/** Resolves `a,b,c`: through a to b to c. As with ssh, only the first hop's own ProxyJump is used. */
async function resolveChain(jump: string, options: HopOptions & { limits: Limits }): Promise<Login> {
    let through: Login | undefined;
    for (const [index, text] of jump.split(",").entries()) {
        through = await resolveHop(
            { ...options.limits, ...parseJump(text) },
            {
                signal: options.signal,
                client: options.client,
                jumps: options.jumps + 1 + index,
                through,
                isLocalUser: true,
            },
        );
    }
    return through as Login;
}

/** Refuses the same names as ssh, since names are used in the command lines of ssh and of ProxyCommand. */
function checkedName(name: string): string {
    if (/^-|[\s'"`$\\;&<>|(){}]|\p{Cc}/u.test(name)) {
        throw new ConnectionError("settings", {
            property: "connection.host",
            what: `"${name}" can't be the name of a host`,
        });
    }
    return name;
}

function checkedUser(user: string): string {
    if (/^-|[\s'"`$;&<>|(){}]|\p{Cc}/u.test(user)) {
        throw new ConnectionError("settings", {
            property: "connection.user",
            what: `"${user}" can't be put into a ProxyCommand`,
        });
    }
    return user;
}
