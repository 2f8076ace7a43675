import type { Failure } from "../../errors";
import { isRecord, type Path, type PreviewedObject } from "../../schema/values";
import { imageName } from "../../systemd/paths";
import { unitNameProblem } from "../../systemd/portable-names";
import type { Inputs } from "./schema";

/**
 * Units of the image's former name that the program still names, where the image has got another name. The host would
 * refuse them only after the old service was removed, as a service of another name replaces it.
 */
export function formerUnits(old: Partial<Inputs>, declared: PreviewedObject<Inputs>): Failure[] {
    if (typeof old.image !== "string" || typeof declared.image !== "string") return [];
    const [former, name] = [imageName(old.image), imageName(declared.image)];
    if (former === name) return [];
    const isFormer = (unit: unknown) =>
        typeof unit === "string" &&
        unitNameProblem(unit, former) === undefined &&
        unitNameProblem(unit, name) !== undefined;
    return unitsIn(declared)
        .filter(({ unit }) => isFormer(unit))
        .map(({ path, unit }) => ({
            path,
            what: `${unit} is a unit of ${former}, and the image's name is ${name} now`,
            todo: `Name a unit of ${name}`,
        }));
}

/** Names of units in the inputs. */
function unitsIn({ dropIns, units, health, beforeSwitch }: PreviewedObject<Inputs>): { path: Path; unit: unknown }[] {
    const command = isRecord(health) && isRecord(health.command) ? health.command : {};
    return [
        ...(Array.isArray(dropIns) ? dropIns : []).map((dropIn, index) => ({
            path: ["dropIns", index, "unit"],
            unit: isRecord(dropIn) ? dropIn.unit : undefined,
        })),
        ...Object.keys(isRecord(units) ? units : {}).map((unit) => ({ path: ["units", unit], unit })),
        { path: ["health", "command", "inside"], unit: command.inside },
        { path: ["beforeSwitch", "unit"], unit: isRecord(beforeSwitch) ? beforeSwitch.unit : undefined },
    ];
}
