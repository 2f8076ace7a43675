import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../host/connection";
import { ConnectionError } from "./connection-error";
import type { Credentials, HostKeyPolicy, Login, Route } from "./login";
import {
    expandPath,
    expandTokens,
    localUser,
    namesUser,
    parseJump,
    type SshQuery,
    type SshSettings,
    sshSettings,
} from "./ssh-config";

const jumpsMax = 8;
type Proxy = NonNullable<Connection["proxy"]>;

/**
 * The effective settings: explicit fields win, then what ssh_config(5) says for the host, then defaults.
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
    if (proxy === undefined) return await resolveHop({ ...connection, host }, { signal, jumps: 0 });
    const through = await resolveHop(proxy, { signal, jumps: 1 });
    return await resolveHop({ ...connection, host }, { signal, jumps: 0, through });
}

interface HopOptions {
    signal?: AbortSignal;
    /** Jump hosts so far, to end a ring. */
    jumps: number;
    /** Fixed way to the hop; else what ssh_config says. */
    through?: Login;
    /** A hop of ProxyJump: as for ssh, the local user is the default, not root. */
    localUser?: boolean;
}

async function resolveHop(given: Proxy, options: HopOptions): Promise<Login> {
    const { signal } = options;
    if (options.jumps > jumpsMax) {
        throw new ConnectionError("settings", {
            what: `the way to the host has more than ${jumpsMax} jump hosts, or goes in a ring`,
            todo: "Look at ProxyJump in ~/.ssh/config",
        });
    }
    const query: SshQuery = { host: checkedName(given.host), user: given.user, port: given.port };
    const settings = await sshSettings(query, signal);
    const one = (keyword: string) => settings?.get(keyword)?.[0];
    const user = given.user ?? (await defaultUser(query, settings, options));
    const address = checkedName(one("hostname") ?? given.host);
    const port = given.port ?? Number(one("port") ?? 22);
    const alias = one("hostkeyalias");
    const tokens = { h: address, n: given.host, p: String(port), r: user, k: alias ?? given.host };
    return {
        address,
        port,
        user,
        hostKey: hostKeyPolicy(given, settings, { address, port, alias, tokens }),
        credentials: credentials(given, settings, tokens),
        route: await resolveRoute(settings, tokens, options),
        dialErrorLimit: given.dialErrorLimit ?? 10,
        dialTimeoutSeconds: given.perDialTimeout ?? (Number.parseInt(one("connecttimeout") ?? "", 10) || 15),
    };
}

async function defaultUser(query: SshQuery, settings: SshSettings | undefined, options: HopOptions): Promise<string> {
    const local = localUser().username;
    const said = settings?.get("user")?.[0];
    if (said !== undefined && said !== local) return said;
    if (options.localUser) return local;
    // "root" or the local user: the first is right either way, the second only when someone configured it
    return said !== undefined && said !== "root" && (await namesUser(query, options.signal)) ? said : "root";
}

function hostKeyPolicy(
    given: Proxy,
    settings: SshSettings | undefined,
    { address, port, alias, tokens }: { address: string; port: number; alias?: string; tokens: Record<string, string> },
): HostKeyPolicy {
    const home = localUser().homedir;
    const files = ["userknownhostsfile", "globalknownhostsfile"]
        .flatMap((keyword) => settings?.get(keyword)?.[0]?.split(" ") ?? [])
        .filter((file) => file !== "" && file !== "none")
        .map((file) => expandPath(file, tokens));
    const plain = (alias ?? address).toLowerCase();
    return {
        hostKey: given.hostKey?.trim() || undefined,
        // A key that is given for a host outdoes an opt-out that comes from the provider's connection
        ignore: given.insecureIgnoreHostKey === true && given.hostKey === undefined,
        names: alias !== undefined || port === 22 ? [plain] : [`[${plain}]:${port}`, plain],
        files: settings === undefined ? [join(home, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"] : files,
    };
}

function credentials(given: Proxy, settings: SshSettings | undefined, tokens: Record<string, string>): Credentials {
    const ownKey = given.privateKey !== undefined;
    const files = (settings?.get("identityfile") ?? [])
        .filter((file) => file !== "none")
        .map((file) => expandPath(file, tokens));
    return {
        privateKey: given.privateKey,
        passphrase: given.privateKeyPassword,
        password: given.password,
        agent: given.agentSocketPath ?? (ownKey ? undefined : configuredAgent(settings, tokens)),
        agentGiven: given.agentSocketPath !== undefined,
        identitiesOnly: !ownKey && settings?.get("identitiesonly")?.[0] === "yes",
        identityFiles: ownKey ? [] : files,
    };
}

/** IdentityAgent: a path, `none`, `SSH_AUTH_SOCK`, or `$NAME` of a variable. */
function configuredAgent(settings: SshSettings | undefined, tokens: Record<string, string>): string | undefined {
    const said = settings?.get("identityagent")?.[0];
    if (said === "none") return undefined;
    const path =
        said === undefined || said === "SSH_AUTH_SOCK"
            ? process.env.SSH_AUTH_SOCK
            : said.startsWith("$") && !said.startsWith("${")
              ? process.env[said.slice(1)]
              : expandPath(said, tokens);
    return path && existsSync(path) ? path : undefined;
}

async function resolveRoute(
    settings: SshSettings | undefined,
    tokens: Record<string, string>,
    options: HopOptions,
): Promise<Route> {
    if (options.through !== undefined) return { kind: "jump", through: options.through };
    const jump = settings?.get("proxyjump")?.[0];
    if (jump !== undefined && jump !== "none") {
        return { kind: "jump", through: await resolveChain(jump, options) };
    }
    const command = settings?.get("proxycommand")?.[0];
    if (command !== undefined && command !== "none") {
        if (settings?.get("proxyusefdpass")?.[0] === "yes") {
            throw new ConnectionError("settings", {
                what: "ProxyUseFdpass of ~/.ssh/config isn't supported",
                todo: "Use a ProxyCommand that carries the data itself",
            });
        }
        return { kind: "command", command: expandTokens(command, { ...tokens, r: checkedUser(tokens.r ?? "") }) };
    }
    const family = { inet: 4, inet6: 6 } as const;
    return { kind: "direct", family: family[settings?.get("addressfamily")?.[0] as "inet" | "inet6"] ?? 0 };
}

/** `a,b,c`: through a to b to c. Only the first hop goes its own configured way, as with ssh. */
async function resolveChain(jump: string, options: HopOptions): Promise<Login> {
    let through: Login | undefined;
    for (const [index, text] of jump.split(",").entries()) {
        through = await resolveHop(parseJump(text), {
            signal: options.signal,
            jumps: options.jumps + 1 + index,
            through,
            localUser: true,
        });
    }
    return through as Login;
}

/** Names reach the command lines of ssh and of ProxyCommand: the same are refused as by ssh itself. */
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
