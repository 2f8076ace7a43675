import { untilAborted } from "../link/aborting";
import type { Link } from "../link/link";
import type { Login } from "../login/login";
import type { Rights } from "./runner";
import { ShellSession } from "./shell-session";

/**
 * A session of a connection that waits for the next program: the one of the last program, or one that was opened
 * while the client has other things to do. Opening one takes the host ten milliseconds, and three round trips.
 */
export class SpareSession {
    private waiting: Promise<ShellSession | undefined> | undefined;

    constructor(private readonly login: Login) {}

    /** @throws what {@link ShellSession.open} throws */
    async take(link: Link, rights: Rights, signal: AbortSignal | undefined): Promise<ShellSession> {
        const { waiting } = this;
        this.waiting = undefined;
        const spare = waiting && (await untilAborted(waiting, signal, (late) => late?.close()));
        if (spare?.isFree && spare.link === link && areEqual(spare.rights, rights)) return spare;
        spare?.close();
        return ShellSession.open(link, this.login, rights, signal);
    }

    /** After its program: kept where it can take another one and no other waits. */
    give(session: ShellSession): void {
        if (session.isFree && this.waiting === undefined) this.waiting = Promise.resolve(session);
        else session.close();
    }

    /** Opens one, where none waits. A host that opens none is no error here: the next program reports it. */
    prepare(link: Link, rights: Rights): void {
        if (!link.isOpen) return;
        this.waiting ??= ShellSession.open(link, this.login, rights).then(
            (session) => Object.assign(session, { isFresh: false }),
            () => undefined,
        );
    }

    /** Makes room on the host for another one. Returns whether there was one to close. */
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
