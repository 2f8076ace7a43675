import { sha256 } from "../digest";
import { located } from "../errors";
import type { Connection } from "../host/connection";
import type { ConnectOptions, Host } from "../host/host";
import type { HostKeyCheck } from "./built-in/host-key";
import { DeadHosts } from "./dead-hosts";
import { untilAborted } from "./link/aborting";
import type { Link } from "./link/link";
import { ignoredWarning, type Login } from "./login/login";
import { NoCommonAlgorithm } from "./login/no-common-algorithm";
import { resolveLogin } from "./login/resolve-login";
import { type DialOptions, SharedLink } from "./shared-link";
import { hostOf } from "./ssh-host";

export interface PoolOptions {
    /** Milliseconds from the last use until a connection is closed. Default: 20 000. */
    idleMs?: number;
}

/** Connections to hosts, one for each distinct login, shared by all operations of the process. */
export interface Pool {
    /**
     * Connects, or shares a connection that is open or being opened.
     * @throws ConnectionError with the host; the signal's reason when aborted
     */
    connect(connection: Connection, options?: Partial<ConnectOptions>): Promise<Host>;
    /** Closes every connection at once; running operations fail. */
    close(): void;
}

export function createPool({ idleMs = 20_000 }: PoolOptions = {}): Pool {
    const links = new Links(idleMs);
    const logins = new Map<string, Promise<Login>>();
    const shown = new Set<string>();

    function loginOf(connection: Connection): Promise<Login> {
        const key = digest(connection);
        const existing = logins.get(key);
        if (existing !== undefined) return existing;
        const made = resolveLogin(connection);
        logins.set(key, made);
        made.catch(() => logins.delete(key));
        return made;
    }

    return {
        connect(connection, { signal, warn, status, debug } = {}) {
            return located({ host: connection.host ?? "" }, async () => {
                const resolving = loginOf(connection);
                if (connection.host !== undefined && connection.client !== "openssh") preload();
                const login = await untilAborted(resolving, signal);
                const once = (text: string, show: ((text: string) => void) | undefined) => {
                    if (!shown.has(text)) show?.(text);
                    shown.add(text);
                };
                for (const text of warnings(login)) once(text, warn);
                if (login.clientReason !== undefined) once(choiceText(login, login.clientReason), debug);
                const shared = links.linkFor(login);
                (await shared.lease({ signal, status, login })).release();
                if (links.hasNoCommonAlgorithm(login)) once(choiceText(login, NO_COMMON_ALGORITHM), debug);
                return hostOf(connection, shared);
            });
        },
        close: () => links.close(),
    };
}

/** The connection of each login. */
class Links {
    private readonly links = new Map<string, SharedLink>();
    private readonly onlyOpenSsh = new Set<string>();
    private readonly checks = new WeakMap<Login, Promise<HostKeyCheck>>();
    private readonly dead = new DeadHosts();

    constructor(private readonly idleMs: number) {}

    linkFor(login: Login): SharedLink {
        const key = keyOf(login);
        const existing = this.links.get(key);
        if (existing !== undefined) return existing;
        const made = new SharedLink(login, (...args) => this.dial(...args), this.idleMs, this.dead);
        this.links.set(key, made);
        return made;
    }

    close(): void {
        for (const link of this.links.values()) link.close();
        this.links.clear();
    }

    /** Whether a first attempt has shown that the built-in client has no algorithm in common with the host. */
    hasNoCommonAlgorithm(login: Login): boolean {
        return this.onlyOpenSsh.has(keyOf(login));
    }

    private async dial(login: Login, options: DialOptions): Promise<Link> {
        if (login.client === "openssh" || this.hasNoCommonAlgorithm(login)) {
            const { dialOpenSsh } = await import("./openssh/dial");
            return dialOpenSsh(login, options);
        }
        const { hostKeyCheck } = await import("./built-in/host-key");
        const check = this.checks.get(login) ?? hostKeyCheck(login, options.signal);
        this.checks.set(login, check);
        // The caller that would await it may have failed before.
        check.catch(() => {});
        try {
            const { dial } = await import("./built-in/dial");
            const { route } = login;
            const jump =
                route.kind === "jump"
                    ? () => this.linkFor(route.through).lease({ ...options, login: route.through })
                    : undefined;
            return await dial(login, { ...options, check, jump });
        } catch (error) {
            if (login.mayUseOpenSsh && error instanceof NoCommonAlgorithm) {
                this.onlyOpenSsh.add(keyOf(login));
                return this.dial(login, options);
            }
            // The next attempt reads known_hosts again, which the user may have fixed.
            this.checks.delete(login);
            throw error;
        }
    }
}

/** Loads ssh2, which takes a tenth of a second, while `ssh -G` runs. The import that uses it reports an error. */
function preload(): void {
    import("./built-in/dial").catch(() => {});
}

const NO_COMMON_ALGORITHM = "the host's algorithms, of which the built-in client has none";

function choiceText(login: Login, reason: string): string {
    return `${login.name}: the OpenSSH client logs in, because of ${reason}`;
}

function warnings(login: Login): string[] {
    const before = login.route.kind === "jump" ? warnings(login.route.through) : [];
    return login.hostKey.ignore ? [...before, ignoredWarning(login)] : before;
}

/** The login without the limits of dialing: resources that only differ in these share a connection. */
function withoutLimits(login: Login): object {
    const { dialErrorLimit, dialTimeoutSeconds, route, ...others } = login;
    return { ...others, route: route.kind === "jump" ? { ...route, through: withoutLimits(route.through) } : route };
}

const keyOf = (login: Login) => digest(withoutLimits(login));

/** A digest as a key of a map, so that the map has no secrets. */
function digest(value: object): string {
    return sha256(JSON.stringify(value));
}
