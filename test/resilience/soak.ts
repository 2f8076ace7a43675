import { suites as allSuites, type Suite } from "../hosts";

/** Whether this is `make soak`: every point on every suite, however long that takes. */
export const isSoak = process.env.PORTABLE_SOAK !== undefined;

export const suites: readonly Suite[] = isSoak ? allSuites : allSuites.slice(0, 1);

/** The most points to test: `usual`; in a soak all there are. */
export function pointLimit(usual: number): number {
    return isSoak ? Number.POSITIVE_INFINITY : usual;
}
