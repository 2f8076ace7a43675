import { readFileSync } from "node:fs";
import { join } from "node:path";

/* Editors and the reference show the schema's description of every property. */

interface Described {
    description?: string;
}
type Members = Record<string, Described>;
interface Type extends Described {
    properties?: Members;
    enum?: { value: unknown; description?: string }[];
}
interface Resource extends Described {
    inputProperties?: Members;
    properties?: Members;
}
interface Schema extends Described {
    config: { variables: Members };
    provider: Resource;
    types: Record<string, Type>;
    resources: Record<string, Resource>;
    functions: Record<string, Described & { inputs?: Type; outputs?: Type }>;
}

const text = readFileSync(join(__dirname, "../../provider/schema.json"), "utf8");

/** Everything in the schema that has a description, with its path. */
function all(schema: Schema): [string, Described][] {
    const members = (path: string, properties: Members = {}): [string, Described][] =>
        Object.entries(properties).map(([name, property]) => [`${path}.${name}`, property]);
    const type = (path: string, { properties, enum: values = [] }: Type): [string, Described][] => [
        ...members(path, properties),
        ...values.map((value): [string, Described] => [`${path}=${value.value}`, value]),
    ];
    const resource = (path: string, { inputProperties, properties }: Resource) => [
        ...members(`${path} input`, inputProperties),
        ...members(`${path} output`, properties),
    ];
    return [
        ["package", schema],
        ["provider", schema.provider],
        ...resource("provider", schema.provider),
        ...members("config", schema.config.variables),
        ...members("", schema.types),
        ...Object.entries(schema.types).flatMap(([token, it]) => type(token, it)),
        ...members("", schema.resources),
        ...Object.entries(schema.resources).flatMap(([token, it]) => resource(token, it)),
        ...members("", schema.functions),
        ...Object.entries(schema.functions).flatMap(([token, { inputs = {}, outputs = {} }]) => [
            ...type(`${token} input`, inputs),
            ...type(`${token} output`, outputs),
        ]),
    ];
}

const undescribed = (schema: Schema) =>
    all(schema).flatMap(([path, { description }]) => (/\w.*[.:`)\]}]$/s.test(description ?? "") ? [] : [path]));

test("every resource, function, property, type, enum value and configuration variable has a description", () => {
    expect(all(JSON.parse(text)).length).toBeGreaterThan(200);
    expect(undescribed(JSON.parse(text))).toEqual([]);
});

test("a description that is missing anywhere is found", () => {
    const schema: Schema = JSON.parse(text);
    // The number of descriptions in the text shows that `all` misses none.
    const count = text.match(/"description": "/g)?.length;
    const entries = all(schema);
    expect(entries.length).toBe(count);
    for (const [path, entry] of entries) {
        const { description } = entry;
        delete entry.description;
        expect(undescribed(schema)).toEqual([path]);
        entry.description = description;
    }
});
