type Json = Record<string, unknown>;

interface Property extends Json {
    secret?: boolean;
}

/** An object type, or one side of a resource or a function: its inputs or its outputs. */
interface Shape {
    properties?: Record<string, Property>;
    required?: string[];
}

interface Schema extends Json {
    config?: { variables?: Record<string, Property> };
    types?: Record<string, Shape & { enum?: { value: unknown }[] }>;
    resources?: Record<string, Json>;
    functions?: Record<string, { inputs?: Shape; outputs?: Shape }>;
}

/**
 * Changes of a package schema that break programs written for the schema `before`: removed names and enum values, changed
 * types, inputs that became required, outputs that became optional. An object type counts as both input and output, as
 * either may use it.
 */
export function breakingChanges(before: Schema, now: Schema): string[] {
    const config = (schema: Schema): Shape => ({ properties: schema.config?.variables });
    return [
        ...inputChanges("configuration", config(before), config(now)),
        ...forEachOf(before.types, now.types, "the type", (name, old, type) => [
            ...inputChanges(name, old, type),
            ...outputChanges(name, old, type),
            ...goneValues(name, old.enum, type.enum),
        ]),
        ...forEachOf(before.resources, now.resources, "the resource", (name, old, resource) => [
            ...inputChanges(`${name} input`, inputsOf(old), inputsOf(resource)),
            ...outputChanges(`${name} output`, old as Shape, resource as Shape),
            ...(old.isComponent === resource.isComponent ? [] : [`${name}: a resource became a component, or back`]),
        ]),
        ...forEachOf(before.functions, now.functions, "the function", (name, old, called) => [
            ...inputChanges(`${name} input`, old.inputs, called.inputs),
            ...outputChanges(`${name} output`, old.outputs, called.outputs),
        ]),
    ];
}

const inputsOf = (resource: Json): Shape => ({
    properties: resource.inputProperties as Shape["properties"],
    required: resource.requiredInputs as string[],
});

function forEachOf<T>(
    before: Record<string, T> = {},
    now: Record<string, T> = {},
    what: string,
    compare: (name: string, old: T, value: T) => string[],
): string[] {
    return Object.entries(before).flatMap(([name, old]) => {
        const value = now[name];
        return value === undefined ? [`${what} ${name} is gone`] : compare(name, old, value);
    });
}

function inputChanges(where: string, before: Shape = {}, now: Shape = {}): string[] {
    const added = (now.required ?? []).filter((name) => !before.required?.includes(name));
    return [
        ...propertyChanges(where, before, now),
        ...added.map((name) => `${where} ${name} has become required as an input`),
    ];
}

function outputChanges(where: string, before: Shape = {}, now: Shape = {}): string[] {
    const lost = (before.required ?? []).filter((name) => now.properties?.[name] && !now.required?.includes(name));
    return [
        ...propertyChanges(where, before, now),
        ...lost.map((name) => `${where} ${name} has become optional as an output`),
    ];
}

function propertyChanges(where: string, before: Shape, now: Shape): string[] {
    return Object.entries(before.properties ?? {}).flatMap(([name, old]) => {
        const property = now.properties?.[name];
        if (property === undefined) return [`${where} ${name} is gone`];
        const [oldType, type] = [typeText(old), typeText(property)];
        return oldType === type ? [] : [`${where} ${name} was ${oldType}, and is ${type}`];
    });
}

function goneValues(where: string, before: { value: unknown }[] = [], now: { value: unknown }[] = []): string[] {
    const removed = before.filter(({ value }) => !now.some((other) => other.value === value));
    return removed.map(({ value }) => `${where} no longer has the value ${value}`);
}

/** A type as text, without its description. */
function typeText({ type, $ref, items, additionalProperties, oneOf }: Property): string {
    const inner = (value: unknown) => (value === undefined ? undefined : typeText(value as Property));
    return JSON.stringify({
        ...($ref === undefined ? { type } : { $ref }),
        items: inner(items),
        additionalProperties: inner(additionalProperties),
        oneOf: (oneOf as Property[] | undefined)?.map(typeText),
    });
}
