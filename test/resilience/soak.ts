import { suites as allSuites, type Suite } from "../hosts";

/** Whether this is `make soak`: every point on every suite, however long that takes. */
export const isSoak = process.env.PORTABLE_SOAK !== undefined;

export const suites: readonly Suite[] = isSoak ? allSuites : allSuites.slice(0, 1);

/** Number of steps to test: `usual`; in a soak all of them on the first suite, and `long` on each other suite. */
export function pointLimit(suite: Suite, usual: number, long: number): number {
    if (!isSoak) return usual;
    return suite === suites[0] ? Number.POSITIVE_INFINITY : long;
}
