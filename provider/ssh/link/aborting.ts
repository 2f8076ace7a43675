/**
 * Rejects with the signal's reason as soon as it fires; the promise's own result is then ignored.
 * @param late gets a result that arrived after that, to release it
 */
export function untilAborted<T>(
    promise: Promise<T>,
    signal: AbortSignal | undefined,
    late: (result: T) => void = () => {},
): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
        const abort = () => reject(signal.reason);
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort, { once: true });
        promise
            .then((result) => {
                if (signal.aborted) late(result);
                else resolve(result);
            }, reject)
            .finally(() => signal.removeEventListener("abort", abort));
    });
}
