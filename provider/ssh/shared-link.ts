import pLimit from "p-limit";
import type { DeadHosts } from "./dead-hosts";
import { untilAborted } from "./link/aborting";
import { ConnectionError } from "./link/connection-error";
import type { Link } from "./link/link";
import type { Login } from "./login/login";
import { SpareSession } from "./session/spare-session";

/** sshd's default MaxSessions is 10. Two sessions stay free: for the idle one, and for one that is just ending. */
const SESSIONS_AT_ONCE = 8;

type Status = (text: string) => void;
export interface DialOptions {
    signal: AbortSignal;
    status: Status;
    /** Whether the connection is only a test of the login, and will be closed without a session. */
    isOnlyLogin?: boolean;
}
export type Dial = (login: Login, options: DialOptions) => Promise<Link>;

/** A use of the connection, which stays open until all uses are released. */
export interface Lease {
    readonly link: Link;
    /** Idempotent. */
    release(): void;
}

interface LeaseOptions {
    signal?: AbortSignal;
    status?: Status;
    /** The login, whose limits of dialing may differ from those of the link's login. */
    login?: Login;
}

interface Dialing {
    link: Promise<Link>;
    controller: AbortController;
    waiting: number;
    status: Set<Status>;
}

/** The connection of a login: dialed at its first use, shared, dialed again if it breaks, closed if it is idle. */
export class SharedLink {
    /** Limits concurrent sessions to what sshd allows. */
    readonly session = pLimit(SESSIONS_AT_ONCE);
    readonly spare: SpareSession;
    /** Runs work that needs two sessions one after the other. */
    readonly turn = pLimit(1);
    /** False once an upload has shown that the host has no SFTP. */
    hasSftp = true;
    /** Whether sudo has refused to run without a terminal. */
    sudoNeedsTerminal = false;
    /** Whether sshd connects to Unix sockets; undefined before that was tested. */
    forwardsSockets: Promise<boolean> | undefined;
    private link: Link | undefined;
    private dialing: Dialing | undefined;
    private uses = 0;
    private idle: NodeJS.Timeout | undefined;

    constructor(
        readonly login: Login,
        private readonly dial: Dial,
        private readonly idleMs: number,
        private readonly dead: DeadHosts,
    ) {
        this.spare = new SpareSession(login);
    }

    /** @throws errors of dialing; the signal's reason if aborted (other callers go on waiting for the connection) */
    async lease(options: LeaseOptions = {}): Promise<Lease> {
        this.uses++;
        clearTimeout(this.idle);
        let isReleased = false;
        const release = () => {
            if (isReleased) return;
            isReleased = true;
            // The timer needn't keep the process alive, as the socket does.
            if (--this.uses === 0) this.idle = setTimeout(() => this.close(), this.idleMs).unref();
        };
        try {
            options.signal?.throwIfAborted();
            const link = this.link?.isOpen ? this.link : await this.reached(options);
            return { link, release };
        } catch (error) {
            release();
            throw error;
        }
    }

    /** Logs in over a new connection and closes it. @throws errors of dialing; the signal's reason if aborted */
    async tryLogin(signal: AbortSignal = new AbortController().signal): Promise<void> {
        (await this.dial(this.login, { signal, status: () => {}, isOnlyLogin: true })).close();
    }

    /** Opens another connection, which the caller closes. */
    dialAnother(signal: AbortSignal = new AbortController().signal): Promise<Link> {
        return this.dial(this.login, { signal, status: () => {} });
    }

    close(): void {
        clearTimeout(this.idle);
        this.dialing?.controller.abort(new Error("the pool of connections was closed"));
        this.link?.close();
        this.link = undefined;
    }

    /** Dials, unless that has just failed. If a shared dialing failed after fewer attempts than this caller wants, dials again. */
    private async reached(options: LeaseOptions): Promise<Link> {
        const { login = this.login, signal } = options;
        for (;;) {
            const failure = this.dead.failureOf(login);
            if (failure !== undefined) throw failure;
            const isJoined = this.dialing !== undefined;
            try {
                return await this.join(login, options);
            } catch (error) {
                signal?.throwIfAborted();
                if (!isJoined || !(error instanceof ConnectionError) || !error.mayPass) throw error;
            }
        }
    }

    /** Waits for the running dialing or starts one; aborts it when no caller waits for it any more. */
    private async join(login: Login, { signal, status }: LeaseOptions): Promise<Link> {
        this.dialing ??= this.begin(login);
        const { dialing } = this;
        dialing.waiting++;
        if (status !== undefined) dialing.status.add(status);
        try {
            return await untilAborted(dialing.link, signal);
        } finally {
            if (status !== undefined) dialing.status.delete(status);
            if (--dialing.waiting === 0 && this.dialing === dialing) {
                this.dialing = undefined;
                dialing.controller.abort(signal?.reason);
            }
        }
    }

    private begin(login: Login): Dialing {
        const controller = new AbortController();
        const listeners = new Set<Status>();
        const status = (text: string) => {
            for (const listener of listeners) listener(text);
        };
        const link = this.dial(login, { signal: controller.signal, status }).then(
            (made) => {
                this.link = made;
                this.dead.forget(login);
                return made;
            },
            (error) => {
                if (!controller.signal.aborted) this.dead.remember(login, error);
                throw error;
            },
        );
        const dialing = { link, controller, waiting: 0, status: listeners };
        link.catch(() => {}).finally(() => {
            if (this.dialing === dialing) this.dialing = undefined;
        });
        return dialing;
    }
}
