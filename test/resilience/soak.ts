/** `make soak`: everything on every suite, for as long as it takes. */
export const isSoak = process.env.PORTABLE_SOAK !== undefined;

export const suites = isSoak ? (["bookworm", "trixie"] as const) : (["bookworm"] as const);

/** How many points to take: so many in a usual run; in a long one all on one suite, and so many on the other. */
export function pointLimit(suite: (typeof suites)[number], usual: number, long: number): number {
    if (!isSoak) return usual;
    return suite === "bookworm" ? Number.POSITIVE_INFINITY : long;
}
