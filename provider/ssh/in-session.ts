import { setTimeout as sleep } from "node:timers/promises";
import type { Limit } from "p-limit";
import { ConnectionError } from "./link/connection-error";
import { type Link, NotStarted } from "./link/link";
import type { Login } from "./login/login";
import type { SharedLink } from "./shared-link";

/** Time to wait for a free session if this process uses all that the host allows, before opening another connection. */
const CROWDED_MS = 1_000;

type Use<T> = (link: Link, early: (result: T) => void) => Promise<T>;

/**
 * Calls `use` with one of the connection's sessions. If a session can't be opened, nothing was sent, so it is tried again, if
 * necessary on a new connection. The session counts as used until `use` has ended, even if its result was passed to `early`.
 */
export function inSession<T>(shared: SharedLink, signal: AbortSignal | undefined, use: Use<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        inQueue(shared.session, signal, () => work(shared, signal, use, resolve)).then(resolve, reject);
    });
}

async function work<T>(
    shared: SharedLink,
    signal: AbortSignal | undefined,
    use: Use<T>,
    early: (result: T) => void,
): Promise<T> {
    const began = Date.now();
    for (let attempt = 1; ; attempt++) {
        const { link, release } = await shared.lease({ signal });
        try {
            return await use(link, early);
        } catch (error) {
            if (!(error instanceof NotStarted)) throw error;
            const hadSpare = shared.spare.drop();
            const isCrowded = link.isOpen && (hadSpare || shared.session.activeCount > 1);
            if (isCrowded && Date.now() - began > CROWDED_MS) return await onAnother(shared, signal, use, early);
            if (!isCrowded && attempt > 2) throw noSession(shared.login, error);
            // No other session of this process is open: aborted programs that still run may hold the host's sessions.
            if (!isCrowded) link.close();
        } finally {
            release();
        }
        // The host allows fewer sessions than usual (MaxSessions), so another session must end first.
        await sleep(Math.min(500, 20 * attempt), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
}

/** Calls `use` with a separate connection, if the host allows fewer sessions on one connection than are needed at once. */
async function onAnother<T>(
    shared: SharedLink,
    signal: AbortSignal | undefined,
    use: Use<T>,
    early: (result: T) => void,
): Promise<T> {
    const link = await shared.dialAnother(signal);
    try {
        return await use(link, early);
    } catch (error) {
        throw error instanceof NotStarted ? noSession(shared.login, error) : error;
    } finally {
        shared.spare.drop();
        link.close();
    }
}

/** Queues work. An abort rejects queued work at once. Work that has started handles the abort itself, as it may clean up. */
export function inQueue<T>(limit: Limit, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    let hasStarted = false;
    const queued = limit(() => {
        hasStarted = true;
        signal?.throwIfAborted();
        return work();
    });
    return new Promise((resolve, reject) => {
        const abort = () => hasStarted || reject(signal?.reason);
        signal?.addEventListener("abort", abort, { once: true });
        queued.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
    });
}

function noSession(login: Login, error: Error): ConnectionError {
    return new ConnectionError("broken", {
        what: `${login.address}:${login.port} opens no session on the connection; nothing was done`,
        reported: error.message,
        todo: "Check MaxSessions in its sshd_config, and its log",
    });
}
