import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError } from "../link/connection-error";
import type { Login } from "./login";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Repeats attempts as often as the login allows, while their errors may be temporary. */
export async function withRetries<T>(
    login: Login,
    { signal, status }: { signal: AbortSignal; status: (text: string) => void },
    once: () => Promise<T>,
): Promise<T> {
    const began = Date.now();
    const limit = login.dialErrorLimit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, login.dialErrorLimit);
    for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted();
        const tries =
            attempt === 1 ? "" : ` (try ${attempt}${limit === Number.POSITIVE_INFINITY ? "" : ` of ${limit}`})`;
        status(`connecting to ${login.address}${tries}`);
        try {
            return await once();
        } catch (error) {
            signal.throwIfAborted();
            if (!(error instanceof ConnectionError) || !error.mayPass || error instanceof JumpError) throw error;
            if (attempt >= limit) throw attempt === 1 ? error : afterTries(error, attempt, Date.now() - began);
            status(`${error.problem.what}; trying again`);
        }
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
        await sleep(pause, undefined, { signal }).catch(() => {});
    }
}

function afterTries(error: ConnectionError, tries: number, ms: number): ConnectionError {
    const what = `${error.problem.what} (${tries} tries in ${Math.round(ms / 1000)} s)`;
    return new ConnectionError(error.code, { ...error.problem, what }, true);
}

/** The jump host can't be reached. Its attempts were already made, so the hosts behind it aren't dialed again. */
export class JumpError extends ConnectionError {}
