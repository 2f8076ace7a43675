import { setTimeout as sleep } from "node:timers/promises";
import type { Limit } from "p-limit";
import { sha256 } from "../digest";
import { UserError } from "../errors";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { untilAborted } from "./aborting";
import { ConnectionError } from "./connection-error";
import type { Link } from "./dial";
import { type HostKeyCheck, hostKeyCheck, ignoredWarning } from "./host-key";
import type { Login } from "./login";
import { resolveLogin } from "./resolve-login";
import { NotStarted } from "./session";
import { SharedLink } from "./shared-link";

/** What an operation hears while it connects. */
export interface ConnectOptions {
    signal?: AbortSignal;
    /** Once for each login and process. */
    warn?: (text: string) => void;
    /** Live line: "connecting to 10.0.0.5 (try 2 of 10)". */
    status?: (text: string) => void;
}

export interface PoolOptions {
    /** Milliseconds after the last use until a connection is closed. Default: 20 000. */
    idleMs?: number;
}

/** Connections to hosts, one for each distinct login, shared by all operations of the process. */
export interface Pool {
    /**
     * Connects, or joins the connection that is there or being made.
     * @throws ConnectionError with the host; the signal's reason when aborted
     */
    connect(connection: Connection, options?: ConnectOptions): Promise<Host>;
    /** Ends every connection at once; what is under way fails. */
    close(): void;
}

export function createPool({ idleMs = 20_000 }: PoolOptions = {}): Pool {
    const links = new Map<string, SharedLink>();
    const logins = new Map<string, Promise<Login>>();
    const checks = new WeakMap<Login, Promise<HostKeyCheck>>();
    const warned = new Set<string>();

    function linkOf(login: Login): SharedLink {
        const key = digest(login);
        const known = links.get(key);
        if (known !== undefined) return known;
        const made = new SharedLink(login, dialLazily, idleMs);
        links.set(key, made);
        return made;
    }

    // ssh2 takes a tenth of a second to load: only a process that connects pays for it, while it waits for ssh -G
    async function dialLazily(login: Login, options: { signal: AbortSignal; status: (text: string) => void }) {
        const checking = checks.get(login) ?? hostKeyCheck(login, options.signal);
        checks.set(login, checking);
        // Who waits for it may have failed before
        checking.catch(() => {});
        try {
            const { dial } = await import("./dial");
            const { route } = login;
            const jump = route.kind === "jump" ? () => linkOf(route.through).lease(options) : undefined;
            return await dial(login, { ...options, check: checking, jump });
        } catch (error) {
            // The next try sees what was mended in known_hosts
            checks.delete(login);
            throw error;
        }
    }

    function loginOf(connection: Connection): Promise<Login> {
        const key = digest(connection);
        const known = logins.get(key);
        if (known !== undefined) return known;
        const made = resolveLogin(connection);
        logins.set(key, made);
        made.catch(() => logins.delete(key));
        return made;
    }

    return {
        async connect(connection, { signal, warn, status } = {}) {
            const host = connection.host ?? "";
            return await naming(host, async () => {
                const asked = loginOf(connection);
                if (connection.host !== undefined) preloadDial();
                const login = await untilAborted(asked, signal);
                for (const text of warnings(login)) {
                    if (!warned.has(text)) warn?.(text);
                    warned.add(text);
                }
                const shared = linkOf(login);
                (await shared.lease({ signal, status })).release();
                return targetOf(connection, shared);
            });
        },
        close() {
            for (const link of links.values()) link.close();
            links.clear();
        },
    };
}

/** ssh2 is loaded while ssh works out the settings; where that fails, the import that uses it tells. */
function preloadDial(): void {
    import("./dial").catch(() => {});
}

function targetOf(connection: Connection, shared: SharedLink): Host {
    const { login } = shared;
    const host = connection.host ?? login.address;
    const isRoot = login.user === "root";
    const sudo = connection.sudo ?? !isRoot;
    return {
        name: host,
        connection,
        isRoot,
        run: (program, options = {}) =>
            naming(host, () =>
                inSession(shared, options.signal, async (link, early) => {
                    const session = await shared.spare.take(link, sudo, options.signal);
                    try {
                        return await session.run(program, options, (result) => {
                            early(result);
                            // The next program is likely to come soon
                            if (session.isSpent) shared.spare.prepare(link, sudo);
                        });
                    } finally {
                        shared.spare.give(session);
                    }
                }),
            ),
        open: (address, { signal } = {}) =>
            naming(host, () =>
                inSession(shared, signal, async (link) => {
                    const { openFrom } = await import("./open");
                    return await openFrom(link, login, address);
                }),
            ),
        reach: ({ signal = new AbortController().signal } = {}) => naming(host, () => shared.probe(signal)),
        inTurn: (work, { signal } = {}) => inQueue(shared.turn, signal, work),
        upload: (file, path, options = {}) =>
            naming(host, () =>
                inSession(shared, options.signal, async (link) => {
                    const { uploadFile } = await import("./upload");
                    await uploadFile(link, login, file, path, options);
                }),
            ),
    };
}

/** How long a host is asked again for a session while others of ours are open there. */
const sessionWaitMs = 60_000;

/**
 * Takes a place on the connection. Where no session opens, nothing was sent: it is tried again on a fresh connection.
 * The place is taken until `use` has ended, also where the result was there `early`.
 */
async function inSession<T>(
    shared: SharedLink,
    signal: AbortSignal | undefined,
    use: (link: Link, early: (result: T) => void) => Promise<T>,
): Promise<T> {
    const until = Date.now() + sessionWaitMs;
    const work = async (early: (result: T) => void) => {
        for (let attempt = 1; ; attempt++) {
            const { link, release } = await shared.lease({ signal });
            try {
                return await use(link, early);
            } catch (error) {
                if (!(error instanceof NotStarted)) throw error;
                const hadSpare = shared.spare.drop();
                const crowded = link.open && (hadSpare || shared.session.activeCount > 1) && Date.now() < until;
                if (!crowded && attempt > 2) throw noSession(shared.login, error);
                // Alone and refused: programs that were aborted may still run there and hold their sessions
                if (!crowded) link.close();
            } finally {
                release();
            }
            // Fewer than usual are allowed there (MaxSessions): one of ours has to end first
            await sleep(Math.min(500, 20 * attempt), undefined, { signal }).catch(() => signal?.throwIfAborted());
        }
    };
    return await new Promise((resolve, reject) => {
        inQueue(shared.session, signal, () => work(resolve)).then(resolve, reject);
    });
}

/** In the queue the signal ends it at once; what has begun ends itself, with what it has to take back. */
function inQueue<T>(limit: Limit, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    let started = false;
    const queued = limit(async () => {
        started = true;
        signal?.throwIfAborted();
        return await work();
    });
    return new Promise((resolve, reject) => {
        const stop = () => started || reject(signal?.reason);
        signal?.addEventListener("abort", stop, { once: true });
        queued.then(resolve, reject).finally(() => signal?.removeEventListener("abort", stop));
    });
}

function noSession(login: Login, error: Error): ConnectionError {
    return new ConnectionError("broken", {
        what: `${login.address}:${login.port} opens no session on the connection; nothing was done`,
        said: error.message,
        todo: "Look at MaxSessions in its sshd_config (an upload needs 2), and at its log",
    });
}

async function naming<T>(host: string, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        throw error instanceof UserError ? error.at({ host }) : error;
    }
}

function warnings(login: Login): string[] {
    const before = login.route.kind === "jump" ? warnings(login.route.through) : [];
    return login.hostKey.ignore ? [...before, ignoredWarning(login)] : before;
}

/** Key of a map; a digest, so that no secret is kept in it. */
function digest(value: object): string {
    return sha256(JSON.stringify(value));
}
