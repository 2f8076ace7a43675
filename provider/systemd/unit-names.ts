/** Facts that follow from the name of a unit (systemd.unit(5)). */

/** Whether the unit is a template, such as `cowsay@.service`, which can be enabled and instantiated, but not started. */
export function isTemplate(unit: string): boolean {
    return unit.includes("@.");
}

/** `cowsay@.service` for `cowsay@one.service` and for itself; undefined for a unit without an `@`. */
export function templateOf(unit: string): string | undefined {
    const atSign = unit.indexOf("@");
    return atSign <= 0 ? undefined : `${unit.slice(0, atSign)}@${unit.slice(unit.lastIndexOf("."))}`;
}

/** `one` for `cowsay@one.service`; undefined for a template and for a unit without an `@`. */
export function instanceOf(unit: string): string | undefined {
    const atSign = unit.indexOf("@");
    const instance = atSign <= 0 ? "" : unit.slice(atSign + 1, unit.lastIndexOf("."));
    return instance === "" ? undefined : instance;
}

/**
 * Whether the name is a prefix such as `app-.service` or `user-.slice`. It isn't a unit, but systemd reads the directory
 * `app-.service.d` for every unit whose name begins with `app-`. `-.slice` and `-.mount` are units.
 */
export function isPrefix(unit: string): boolean {
    return /[^-].*-\.[a-z]+$/.test(unit) && !unit.includes("@");
}

export function kindOf(unit: string): string {
    return unit.slice(unit.lastIndexOf(".") + 1);
}

/**
 * The pattern of systemctl(1) for all units of a template or a prefix, or for the unit itself. A backslash isn't special in it.
 */
export function patternOf(unit: string): string {
    if (isTemplate(unit)) return unit.replace("@.", "@*.");
    return isPrefix(unit) ? unit.replace(/-\.([a-z]+)$/, "-*.$1") : unit;
}
