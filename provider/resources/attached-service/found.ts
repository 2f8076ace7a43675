import { DeclaredUnits } from "../../host/service/declared";
import { type InspectedService, installTexts } from "../../host/service/inspect";
import { isStarted, type ShownUnit } from "../../systemd/unit-states";
import type { Inputs } from "./schema";

/** The input `units` as it would have to be for the states that were found; nothing where they are as declared. */

export function unitsAsFound(
    inspection: InspectedService,
    overrides: Inputs["units"] = {},
): { units?: NonNullable<Inputs["units"]> } {
    const texts = new Map(inspection.attached.map(({ unit, text }) => [unit, text] as const));
    const { units } = new DeclaredUnits(texts, overrides, installTexts(inspection), inspection.facts);
    const found = [...units].flatMap(([unit, declared]) => {
        const state = inspection.shown.get(unit);
        if (state === undefined) return [];
        // The enablement of a unit without links of its own belongs to another unit: that of an instance belongs to its
        // template.
        const isEnabled = state.enablement.startsWith("enabled");
        const hasOtherEnablement =
            declared.links?.length !== 0 || !declared.enabled ? isEnabled !== declared.enabled : false;
        const deviations = {
            ...(declared.started && !isStarted(state) && !isUnderWay(state) ? { start: false } : {}),
            ...(hasOtherEnablement ? { enable: isEnabled } : {}),
        };
        return Object.keys(deviations).length === 0 ? [] : [[unit, { ...overrides[unit], ...deviations }] as const];
    });
    return found.length === 0 ? {} : { units: { ...overrides, ...Object.fromEntries(found) } };
}
function isUnderWay({ active }: ShownUnit): boolean {
    return ["activating", "deactivating", "reloading"].includes(active);
}
