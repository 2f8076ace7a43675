/** At most `limit` of the numbers from 0 to `count` - 1, evenly spaced. */
export function evenly(count: number, limit: number): number[] {
    const total = Math.min(count, limit);
    return Array.from({ length: total }, (_, index) => Math.floor((index * count) / total));
}

/**
 * Pairs of a step and a victim to kill there: all pairs if `limit` allows it, else `limit` evenly spaced steps with the
 * victims in turn.
 */
export function spread<Victim>(steps: number, limit: number, victims: readonly Victim[]): [number, Victim][] {
    if (limit >= steps * victims.length)
        return Array.from({ length: steps }, (_, step) =>
            victims.map((victim): [number, Victim] => [step, victim]),
        ).flat();
    return evenly(steps, limit).map((step, index) => [step, victims[index % victims.length] as Victim]);
}
