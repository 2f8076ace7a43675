import { DeclaredUnits, type Overrides } from "../../host/service/declared";
import { type InspectedService, installTexts } from "../../host/service/inspect";
import type { SwitchPlan } from "../../host/service/plan";
import { unitOfDropIn } from "../../systemd/paths";
import { instanceOf, templateOf } from "../../systemd/unit-names";
import { isStarted, NOT_LOADED, type ShownUnit } from "../../systemd/unit-states";
import type { LaterDropIns } from "../overridden";

/** Texts about units that aren't enabled or running as declared, and about an update that wasn't completed. */
export function notAsDeclared(inspection: InspectedService, overrides: Overrides): string[] {
    const texts = new Map(inspection.attached.map(({ unit, text }) => [unit, text] as const));
    const declaredUnits = new DeclaredUnits(texts, overrides, installTexts(inspection), inspection.facts);
    const { units } = declaredUnits;
    const unfinished = inspection.isUnfinished ? ["an update is under way, or was cut off"] : [];
    const wanted = new Set([...units.values()].flatMap(({ links }) => links ?? []));
    const isRuntime = inspection.attached[0]?.isRuntime ?? false;
    const there = new Set(inspection.links.filter((link) => link.isRuntime === isRuntime).map(({ name }) => name));
    const wrong = [...units].flatMap(([unit, declared]) => {
        const state = inspection.shown.get(unit) ?? (instanceOf(unit) === undefined ? undefined : NOT_LOADED);
        if (state === undefined) return [`${unit} isn't loaded`];
        const missing = (declared.links ?? []).filter((name) => !there.has(name));
        const surplus = inspection.links.filter((link) => link.unit === unit && !wanted.has(link.name));
        const isOtherwiseEnabled =
            declared.links === undefined
                ? !state.enablement.startsWith("enabled")
                : missing.length > 0 && missing.length === declared.links.length && surplus.length === 0;
        return [
            ...(declared.started && !isStarted(state) ? [stateText(unit, state)] : []),
            ...(isOtherwiseEnabled
                ? [`${unit} is ${state.enablement}`]
                : missing.map((name) => `${unit} is enabled in part: ${name} is missing`)),
            ...(declared.links === undefined ? [] : surplus).map(({ name }) =>
                declared.links?.length === 0
                    ? `${unit} is ${state.enablement}: ${name} isn't in its [Install] section, or it isn't to be enabled`
                    : `${unit} is enabled otherwise: ${name} isn't in its [Install] section`,
            ),
        ];
    });
    const hidden = inspection.hidden.flatMap(({ name, path, isMasked }) => {
        if (isMasked) return isNeeded(units, name) ? [`${name} is masked (${path})`] : [];
        return name.includes("/")
            ? [`${unitOfDropIn(name)} reads ${path} in place of the drop-in`]
            : [`${path} hides the unit ${name} of the image`];
    });
    const also = [...units].flatMap(([unit, { enabled }]) =>
        (enabled && declaredUnits.isEnableable(unit) ? declaredUnits.alsoOnHost(unit) : [])
            .filter((other) => inspection.also.get(other) === "disabled")
            .map((other) => `${other} is disabled, though Also= of ${unit} enables it`),
    );
    return [...unfinished, ...hidden, ...wrong, ...also];
}

/** Drop-ins that a loaded unit hasn't read, for example one for an alias that doesn't exist while the unit is disabled. */
export function unreadDropIns(
    { readBy }: Pick<SwitchPlan, "readBy">,
    { shown }: Pick<InspectedService, "shown">,
): string[] {
    return readBy.flatMap(({ path, units }) =>
        units
            .filter((unit) => shown.get(unit)?.load === "loaded" && !shown.get(unit)?.dropInPaths.includes(path))
            .map((unit) => `${unit} doesn't read ${path}`),
    );
}

/** Of each drop-in of the service, by its path, those that a unit reads after it and that aren't the service's own. */
export function laterDropIns(
    { readBy }: Pick<SwitchPlan, "readBy">,
    { shown }: Pick<InspectedService, "shown">,
    texts: Readonly<Record<string, string>>,
): LaterDropIns[] {
    return readBy.flatMap(({ path, units }) =>
        units.map((unit) => {
            const paths = shown.get(unit)?.dropInPaths ?? [];
            const later = paths.includes(path) ? paths.slice(paths.indexOf(path) + 1) : [];
            return { unit, path, text: texts[path] ?? "", later: later.filter((other) => texts[other] === undefined) };
        }),
    );
}

/**
 * Units that aren't active at the end of an update although they must be, or although they were before it, such as a socket
 * that is only started by hand. A service that nothing starts may exit by itself.
 */
export function endedUnits(
    { started, units, stop, before }: Pick<SwitchPlan, "started" | "units" | "stop" | "before">,
    { shown }: Pick<InspectedService, "shown">,
): string[] {
    const state = (unit: string) => shown.get(unit) ?? NOT_LOADED;
    const kept = before.active.filter(
        (unit) =>
            units.includes(unit) &&
            !stop.includes(unit) &&
            !started.includes(unit) &&
            (!unit.endsWith(".service") || state(unit).active === "failed"),
    );
    return [...started, ...kept].filter((unit) => !isStarted(state(unit))).map((unit) => stateText(unit, state(unit)));
}

function stateText(unit: string, { active, sub }: ShownUnit): string {
    return `${unit} is ${active} (${sub})`;
}

/** Whether the unit, or an instance of it, must be enabled or started. */
export function isNeeded(units: DeclaredUnits["units"], name: string): boolean {
    return [...units].some(
        ([unit, { enabled, started }]) => (unit === name || templateOf(unit) === name) && (enabled || started),
    );
}
