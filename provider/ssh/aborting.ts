/**
 * Rejects with the signal's reason as soon as it fires; the promise's own result is then left alone.
 * @param late gets the result that came too late, to give it back
 */
export function untilAborted<T>(
    promise: Promise<T>,
    signal: AbortSignal | undefined,
    late: (result: T) => void = () => {},
): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason);
        if (signal.aborted) stop();
        else signal.addEventListener("abort", stop, { once: true });
        promise
            .then((result) => {
                if (signal.aborted) late(result);
                else resolve(result);
            }, reject)
            .finally(() => signal.removeEventListener("abort", stop));
    });
}
