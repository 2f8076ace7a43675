/** At most `limit` of the numbers from 0 to `count` - 1, evenly over all of them. */
export function evenly(count: number, limit: number): number[] {
    const total = Math.min(count, limit);
    return Array.from({ length: total }, (_, index) => Math.floor((index * count) / total));
}

/**
 * Pairs of a step and a way to die, at most `limit`, over all steps evenly and over all ways in turn; every pair there
 * is where the limit allows it.
 */
export function spread<Way>(steps: number, limit: number, ways: readonly Way[]): [number, Way][] {
    if (limit >= steps * ways.length)
        return Array.from({ length: steps }, (_, step) => ways.map((way): [number, Way] => [step, way])).flat();
    return evenly(steps, limit).map((step, index) => [step, ways[index % ways.length] as Way]);
}
