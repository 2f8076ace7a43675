import { serviceFields } from "./inputs/attached-service";
import { componentFields } from "./inputs/component";
import { dropInFields } from "./inputs/drop-in";
import type { Fields, World } from "./inputs/field";
import { imageFields } from "./inputs/image";
import { sourceFields } from "./inputs/source";
import type { Declared, Inputs } from "./program";

/* Every input of the schema with its values, from which the rows of the table are made. */

/** Resources that are deployed together, so that one run of an engine tests a change of each. */
export type Lane = "dropIn" | "image" | "service" | "component" | "source";

export const RESOURCES: Record<Lane, Declared["type"]> = {
    dropIn: "DropIn",
    image: "PortableImage",
    service: "AttachedService",
    component: "PortableService",
    source: "PortableImage",
};
export const LANES = Object.keys(RESOURCES) as Lane[];

/** Inputs of a lane that no row changes. */
const FIXED: Partial<Record<Lane, Inputs>> = { source: { name: "other", version: "1.0" } };

export function fieldsOf(world: World): Record<Lane, Fields> {
    return {
        dropIn: dropInFields(world),
        image: imageFields(world),
        service: serviceFields(world),
        component: componentFields(world),
        source: sourceFields(world),
    };
}

/** The base values of a lane. */
export function baseOf(lane: Lane, world: World): Inputs {
    const base: Inputs = lane === "source" ? { connection: world.connection } : {};
    for (const [name, { input = name, values, beside }] of Object.entries(fieldsOf(world)[lane])) {
        if (beside === undefined && !(input in base)) base[input] = values[0];
    }
    return { ...FIXED[lane], ...base };
}

export interface Row {
    lane: Lane;
    /** `dropIns: 0 -> 2`, `format: spelling 0`, ... */
    name: string;
    kind: "change" | "spelling" | "ignored";
    from: Inputs;
    to: Inputs;
    ignoreChanges?: string[];
    isSlow: boolean;
}

/** All rows: changes between values, other spellings of the base value, and changes of it under ignoreChanges. */
export function rowsOf(world: World): Row[] {
    const fields = fieldsOf(world);
    return LANES.flatMap((lane) =>
        Object.entries(fields[lane]).flatMap(([name, field]) => {
            const { input = name, values, spellings = [], beside = {}, walk = "star", isSlow = false } = field;
            const { isNeverIgnored = false } = field;
            const inputs = (value: unknown): Inputs => ({ ...beside, [input]: value });
            const row = (kind: Row["kind"], what: string, from: unknown, to: unknown): Row => ({
                lane,
                kind,
                name: `${RESOURCES[lane]}.${name}: ${what}`,
                from: inputs(from),
                to: inputs(to),
                ignoreChanges: kind === "ignored" ? [input] : undefined,
                isSlow,
            });
            const pairs = walk === "star" ? star(values.length) : ring(values.length);
            const ignored = isNeverIgnored ? [] : walk === "star" ? values.slice(1) : values.slice(1, 2);
            return [
                ...pairs.map(([from, to]) => row("change", `${from} -> ${to}`, values[from], values[to])),
                ...spellings.map((spelling, index) => row("spelling", `spelling ${index}`, values[0], spelling)),
                ...ignored.map((to, index) => row("ignored", `ignored ${index + 1}`, values[0], to)),
            ];
        }),
    );
}

/** Pairs from the base to each value, from each value to the next, and back to the base. */
function star(count: number): [number, number][] {
    return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
        index === 0 ? [] : [[0, index], ...(index > 1 ? [[index - 1, index] as [number, number]] : []), [index, 0]],
    ) as [number, number][];
}

/** Pairs from each value to the next, and from the last to the base. */
function ring(count: number): [number, number][] {
    if (count < 2) return [];
    return Array.from({ length: count }, (_, index) => [index, (index + 1) % count]);
}
