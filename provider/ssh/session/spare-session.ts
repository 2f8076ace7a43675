import { untilAborted } from "../link/aborting";
import type { Link } from "../link/link";
import type { Login } from "../login/login";
import type { Rights } from "./runner";
import { ShellSession } from "./shell-session";

/**
 * An idle session of a connection for the next program: that of the last program, or one that was opened in advance. Opening a
 * session takes the host ten milliseconds, and three round trips.
 */
export class SpareSession {
    private waiting: Promise<ShellSession | undefined> | undefined;

    constructor(private readonly login: Login) {}

    /** Takes the idle session or opens one. @throws the errors of {@link ShellSession.open} */
    async take(link: Link, rights: Rights, signal: AbortSignal | undefined): Promise<ShellSession> {
        const { waiting } = this;
        this.waiting = undefined;
        const spare = waiting && (await untilAborted(waiting, signal, (late) => late?.close()));
        if (spare?.isFree && spare.link === link && areEqual(spare.rights, rights)) return spare;
        spare?.close();
        return ShellSession.open(link, this.login, rights, signal);
    }

    /** Keeps a session after its program, if it can run another one and no other session is idle. */
    give(session: ShellSession): void {
        if (session.isFree && this.waiting === undefined) this.waiting = Promise.resolve(session);
        else session.close();
    }

    /** Opens a session in advance, if none is idle. If that fails, the next program reports it. */
    prepare(link: Link, rights: Rights): void {
        if (!link.isOpen) return;
        this.waiting ??= ShellSession.open(link, this.login, rights).then(
            (session) => Object.assign(session, { isFresh: false }),
            () => undefined,
        );
    }

    /** Closes the idle session, to make room on the host. Returns whether there was one. */
    drop(): boolean {
        const { waiting } = this;
        this.waiting = undefined;
        void waiting?.then((spare) => spare?.close());
        return waiting !== undefined;
    }
}

function areEqual(one: Rights, other: Rights): boolean {
    return (
        one.asRoot === other.asRoot && one.sudoPassword === other.sudoPassword && one.hasTerminal === other.hasTerminal
    );
}
