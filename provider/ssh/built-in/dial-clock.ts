import { ConnectionError } from "../link/connection-error";
import type { Login } from "../login/login";
import { unreachable } from "../login/unreachable";

/** Time limit of an agent, which may wait for a person: sshd's default LoginGraceTime. */
const AGENT_MS = 120_000;
/** An agent that takes longer than this probably waits for a person, so a status message says so. */
const AGENT_STATUS_MS = 1_000;

/** The time limit of one attempt to connect. It is paused during requests to an agent, which have their own limit. */
export class DialClock {
    private readonly controller = new AbortController();
    private timer: NodeJS.Timeout | undefined;
    private statusTimer: NodeJS.Timeout | undefined;

    constructor(
        private readonly login: Login,
        private readonly status: (text: string) => void,
    ) {}

    get signal(): AbortSignal {
        return this.controller.signal;
    }

    start(): void {
        const seconds = this.login.dialTimeoutSeconds;
        clearTimeout(this.timer);
        if (seconds === 0) return;
        const silent = unreachable(this.login, `no answer within ${seconds} s`, true);
        this.timer = setTimeout(() => this.abort(silent), seconds * 1000);
    }

    /** Pauses the clock until `agentAnswered`. */
    agentAsked(socket: string): void {
        clearTimeout(this.timer);
        const error = new ConnectionError("login", {
            property: "connection.agentSocketPath",
            what: `the SSH agent at ${socket} didn't answer within ${AGENT_MS / 1000} s`,
            todo: "Approve the request there, or unlock the agent, and run pulumi up again",
        });
        this.timer = setTimeout(() => this.abort(error), AGENT_MS);
        const waiting = () => this.status(`waiting for the SSH agent at ${socket}: it may want your approval`);
        this.statusTimer = setTimeout(waiting, AGENT_STATUS_MS);
    }

    agentAnswered(): void {
        clearTimeout(this.statusTimer);
        if (!this.signal.aborted) this.start();
    }

    abort(reason: unknown): void {
        this.stop();
        this.controller.abort(reason);
    }

    stop(): void {
        clearTimeout(this.timer);
        clearTimeout(this.statusTimer);
    }
}
