import { suites as allSuites, type Suite } from "../hosts";

/** `make soak`: everything on every suite, for as long as it takes. */
export const isSoak = process.env.PORTABLE_SOAK !== undefined;

export const suites: readonly Suite[] = isSoak ? allSuites : allSuites.slice(0, 1);

/** Number of points to take: `usual` of them, in a soak all of them on the first suite and `long` on each other one. */
export function pointLimit(suite: Suite, usual: number, long: number): number {
    if (!isSoak) return usual;
    return suite === suites[0] ? Number.POSITIVE_INFINITY : long;
}
