import { DeclaredUnits } from "../../host/service/declared";
import { type InspectedService, installTexts } from "../../host/service/inspect";
import { isStarted, type ShownUnit } from "../../systemd/unit-states";
import type { Inputs } from "./schema";

/** The input `units` that would result in the found states; without units that are as declared. */

export function unitsAsFound(
    inspection: InspectedService,
    overrides: Inputs["units"] = {},
): { units?: NonNullable<Inputs["units"]> } {
    const texts = new Map(inspection.attached.map(({ unit, text }) => [unit, text] as const));
    const { units } = new DeclaredUnits(texts, overrides, installTexts(inspection), inspection.facts);
    const found = [...units].flatMap(([unit, declared]) => {
        const state = inspection.shown.get(unit);
        if (state === undefined) return [];
        // systemd shows a unit without its own links with the enablement of another unit, for example an instance with that of
        // its template.
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
