import { ConnectionError } from "./link/connection-error";
import type { Login } from "./login/login";

/** How long a host that nobody could reach isn't dialed again: all resources of it fail in the first seconds after. */
const REMEMBERED_MS = 30_000;

interface Failure {
    error: ConnectionError;
    tries: number;
    secondsPerTry: number;
    at: number;
}

/** The addresses where nothing answered of late, so that a dead host is dialed once and not again for each resource. */
export class DeadHosts {
    private readonly failures = new Map<string, Failure>();

    /** What dialing the address has ended with, if it was tried as long as this login would try it. */
    failureOf(login: Login): ConnectionError | undefined {
        const failure = this.failures.get(addressOf(login));
        if (failure === undefined || Date.now() - failure.at > REMEMBERED_MS) return undefined;
        const wasTriedEnough = failure.tries >= triesOf(login) && failure.secondsPerTry >= secondsPerTryOf(login);
        return wasTriedEnough ? failure.error : undefined;
    }

    /**
     * Remembers what dialing has ended with. Errors of a host that does answer are not remembered: one that boots refuses
     * connections until its sshd listens, one with many connections closes some early, and another try costs nothing.
     */
    remember(login: Login, error: unknown): void {
        if (!(error instanceof ConnectionError) || !error.mayPass || error.code !== "unreachable") return;
        this.failures.set(addressOf(login), {
            error,
            tries: triesOf(login),
            secondsPerTry: secondsPerTryOf(login),
            at: Date.now(),
        });
    }

    forget(login: Login): void {
        this.failures.delete(addressOf(login));
    }
}

/** Where a login leads to and on which way, whoever logs in: a key of a map. */
function addressOf({ address, port, route }: Login): string {
    const way = route.kind === "jump" ? addressOf(route.through) : route;
    return JSON.stringify([address, port, way]);
}

function triesOf({ dialErrorLimit }: Login): number {
    return dialErrorLimit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, dialErrorLimit);
}

function secondsPerTryOf({ dialTimeoutSeconds }: Login): number {
    return dialTimeoutSeconds === 0 ? Number.POSITIVE_INFINITY : dialTimeoutSeconds;
}
