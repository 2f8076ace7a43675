import { ConnectionError } from "./link/connection-error";
import type { Login } from "./login/login";

/** Time for which an unreachable host isn't dialed again, so that its other resources fail at once. */
const REMEMBERED_MS = 30_000;

interface Failure {
    error: ConnectionError;
    tries: number;
    secondsPerTry: number;
    at: number;
}

/** Addresses that recently didn't answer, so that a dead host is dialed only once, not for each resource. */
export class DeadHosts {
    private readonly failures = new Map<string, Failure>();

    /** The error of the last dialing of the address, if that tried as long as this login would. */
    failureOf(login: Login): ConnectionError | undefined {
        const failure = this.failures.get(addressOf(login));
        if (failure === undefined || Date.now() - failure.at > REMEMBERED_MS) return undefined;
        const wasTriedEnough = failure.tries >= triesOf(login) && failure.secondsPerTry >= secondsPerTryOf(login);
        return wasTriedEnough ? failure.error : undefined;
    }

    /**
     * Remembers the error of a dialing. Errors of a host that answers aren't remembered: a booting host refuses connections
     * until sshd listens, a host with many connections closes some early, and another attempt is quick.
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

/** Address and route of a login, without its user and credentials, as a key of a map. */
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
