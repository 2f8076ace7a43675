import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NO_WORLD } from "./inputs/field";
import { LANES, RESOURCES, rowsOf } from "./table";

interface Type {
    $ref?: string;
    items?: Type;
    additionalProperties?: Type;
    oneOf?: Type[];
}
type Properties = Record<string, Type>;

const schema = JSON.parse(readFileSync(join(__dirname, "../../provider/schema.json"), "utf8")) as {
    resources: Record<string, { inputProperties: Properties }>;
    types: Record<string, { properties?: Properties }>;
};
const inputsOf = (resource: string): Properties =>
    schema.resources[`portable:index:${resource}`]?.inputProperties ?? {};

/** Inputs that no row changes, and why. */
export const LEFT_OUT: Record<string, string> = {};

/** Inputs of the schema, those within objects too (`Health.tcp`), that have neither a row nor a reason to have none. */
export function uncoveredInputs(): string[] {
    const covered = new Set<string>();
    for (const { lane, from, to, kind } of rowsOf(NO_WORLD)) {
        if (kind === "ignored") continue;
        compare(RESOURCES[lane], inputsOf(RESOURCES[lane]), from, to, covered);
    }
    return allInputs().filter((input) => !covered.has(input) && !(input in LEFT_OUT));
}

/** `PortableImage.name`, `HttpCheck.path`, ... */
export function allInputs(): string[] {
    const all = new Set<string>();
    const add = (owner: string, properties: Properties) => {
        for (const [name, type] of Object.entries(properties)) {
            if (all.has(`${owner}.${name}`)) continue;
            all.add(`${owner}.${name}`);
            for (const [inner, members] of objectsIn(type)) add(inner, members);
        }
    };
    for (const resource of new Set(LANES.map((lane) => RESOURCES[lane]))) add(resource, inputsOf(resource));
    return [...all];
}

/** The object types that a value of the type may hold. */
function objectsIn({ $ref, items, additionalProperties, oneOf = [] }: Type): [string, Properties][] {
    const parts = [items, additionalProperties, ...oneOf].filter((part) => part !== undefined);
    const own = schema.types[$ref?.replace("#/types/", "") ?? ""]?.properties;
    return [
        ...(own === undefined ? [] : [[$ref?.split(":").pop() as string, own] as [string, Properties]]),
        ...parts.flatMap(objectsIn),
    ];
}

/** Adds the inputs that differ. */
function compare(owner: string, properties: Properties, from: unknown, to: unknown, into: Set<string>): void {
    for (const [name, type] of Object.entries(properties)) {
        const [before, after] = [member(from, name), member(to, name)];
        if (JSON.stringify(before) === JSON.stringify(after)) continue;
        into.add(`${owner}.${name}`);
        within(type, before, after, into);
    }
}

function within(type: Type, before: unknown, after: unknown, into: Set<string>): void {
    for (const [owner, properties] of objectsIn({ $ref: type.$ref })) compare(owner, properties, before, after, into);
    for (const part of type.oneOf ?? []) within(part, before, after, into);
    const inner = type.items ?? type.additionalProperties;
    if (inner === undefined) return;
    const keys = new Set([before, after].flatMap((value) => Object.keys(value ?? {})));
    for (const key of keys) within(inner, member(before, key), member(after, key), into);
}

function member(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
