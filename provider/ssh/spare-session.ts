import { untilAborted } from "./aborting";
import type { Link } from "./dial";
import type { Login } from "./login";
import { Session } from "./session";

/**
 * A session of a connection that waits for the next program: the one of the last program, or one that was opened
 * while the client has other things to do. To open one takes the host ten milliseconds, and three ways there and back.
 */
export class SpareSession {
    private waiting: Promise<Session | undefined> | undefined;

    constructor(private readonly login: Login) {}

    /** @throws NotStarted; the signal's reason when aborted */
    async take(link: Link, sudo: boolean, signal: AbortSignal | undefined): Promise<Session> {
        const { waiting } = this;
        this.waiting = undefined;
        const spare = waiting && (await untilAborted(waiting, signal, (late) => late?.close()));
        if (spare?.isFree && spare.link === link && spare.sudo === sudo) return spare;
        spare?.close();
        return await Session.open(link, this.login, sudo, signal);
    }

    /** After its program: kept where it can take another one and no other waits. */
    give(session: Session): void {
        if (session.isFree && this.waiting === undefined) this.waiting = Promise.resolve(session);
        else session.close();
    }

    /** Opens one, where none waits. That the host gives none is no error. */
    prepare(link: Link, sudo: boolean): void {
        if (!link.open) return;
        this.waiting ??= Session.open(link, this.login, sudo).then(
            (session) => Object.assign(session, { isFresh: false }),
            () => undefined,
        );
    }

    /** Makes room on the host for another one: whether there was one to close. */
    drop(): boolean {
        const { waiting } = this;
        this.waiting = undefined;
        void waiting?.then((spare) => spare?.close());
        return waiting !== undefined;
    }
}
