import { templateOf } from "../../systemd/unit-names";
import { LINK_DIRECTORIES } from "./links";
import type { Units } from "./plan-units";

/** The steps after which the links of [Install] are those that `systemctl reenable` would make. */
export interface LinkPlan {
    /** Links to remove. */
    unlink: string[];
    /** Units to enable: links are missing, or their [Install] section has changed. */
    enable: string[];
    /** Links to remove after that: Also= makes them for units that must not be enabled. */
    unlinkAgain: string[];
    /** Units of the host that are enabled together with these (Also=). */
    enabledAlso: string[];
}

/**
 * Compares links one by one, since `systemctl disable` would remove too many: for a template also those of instances that an
 * administrator has enabled, for a unit with Also= also those of other units.
 */
export function planLinks(units: Units, isRuntime: boolean): LinkPlan {
    const { declared, declaredBefore, leave, formerInstances, inspected } = units;
    const { links } = inspected;
    const wanted = new Set([...declared.units.values()].flatMap((unit) => unit.links ?? []));
    const isOurs = (unit: string) =>
        declared.units.has(unit)
            ? declared.units.get(unit)?.links !== undefined
            : formerInstances.includes(unit) || leave.includes(unit) || leave.includes(templateOf(unit) ?? "");
    const there = new Set(links.filter((link) => link.isRuntime === isRuntime).map(({ name }) => name));
    const enable = [...declared.units].flatMap(([unit, { enabled, links: wantedLinks }]) => {
        if (!enabled || !declared.isEnableable(unit)) return [];
        if (wantedLinks === undefined) return units.attach || !units.isEnabled(unit) ? [unit] : [];
        const isDisabled = (also: string) => (inspected.also.get(also) ?? "disabled") === "disabled";
        if (declared.alsoOnHost(unit).some(isDisabled)) return [unit];
        const isMissing = wantedLinks.some((name) => !there.has(name));
        const hasChanged = units.before.has(unit) && declaredBefore.installText(unit) !== declared.installText(unit);
        return isMissing || hasChanged ? [unit] : [];
    });
    const also = [...declared.enabledWith(enable)];
    const directory = LINK_DIRECTORIES[isRuntime ? 1 : 0];
    return {
        unlink: links.filter(({ unit, name }) => isOurs(unit) && !wanted.has(name)).map(({ path }) => path),
        enable,
        unlinkAgain: also
            .filter((unit) => declared.units.get(unit)?.enabled === false)
            .flatMap((unit) => declared.linksOf(unit))
            .filter((name) => !wanted.has(name))
            .map((name) => `${directory}/${name}`),
        enabledAlso: also.filter((unit) => !inspected.imageUnits.has(templateOf(unit) ?? unit)),
    };
}
