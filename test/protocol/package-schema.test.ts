import { z } from "zod";
import type { Component, Package, Resource } from "../../provider/contract";
import { portable } from "../../provider/package";
import { packageSchema } from "../../provider/protocol/package-schema";
import { archive, asset, objectType } from "../../provider/schema/marks";

const leaf = objectType("Leaf", "A leaf.", { color: z.enum(["green", "red"]).optional().describe("Its color.") });
const inputs = z.strictObject({
    text: z.string().describe("A text."),
    count: z.number().int().min(1).default(2).describe("How many."),
    ratio: z.number().optional().meta({ description: "A part.", replaces: true }),
    key: z.string().optional().meta({ description: "A key.", secret: true }),
    leaf: leaf.optional().describe("One leaf."),
    leaves: z.record(z.string(), z.array(leaf)).optional().describe("Many."),
    content: z
        .union([z.string(), z.union([asset(), archive()])])
        .optional()
        .describe("A content."),
    when: z
        .union([z.literal("always"), z.literal("never")])
        .optional()
        .describe("A time."),
    speed: z.enum(["fast", "slow"]).meta({ id: "Speed" }).optional().describe("A speed."),
    any: z.unknown().optional().describe("Anything."),
});
const tree = {
    name: "Tree",
    description: "A tree.",
    inputs,
    outputs: z.strictObject({ rings: z.array(z.boolean()).describe("Its rings."), age: z.number().optional() }),
    derived: { bark: { description: "", from: ["text"] } },
} as unknown as Resource;
const grove = {
    name: "Grove",
    description: "Trees.",
    inputs: inputs.pick({ text: true, ratio: true }),
    outputs: z.strictObject({ height: z.number().describe("Of the highest.") }),
} as unknown as Component;
const served: Package = {
    ...portable,
    configuration: z.strictObject({
        leaf: leaf.optional().describe("The default leaf."),
        key: z
            .string()
            .optional()
            .meta({ description: "A key.", secret: true, environment: ["TREE_KEY"] }),
    }),
    resources: { Tree: async () => tree },
    components: { Grove: async () => grove },
    functions: {},
};
test("zod schemas are converted to the package schema", async () => {
    const ref = { $ref: "#/types/portable:index:Leaf" };
    const inputProperties = {
        text: { type: "string", description: "A text." },
        count: { type: "integer", description: "How many. Default: `2`." },
        ratio: { type: "number", description: "A part.", willReplaceOnChanges: true },
        key: { type: "string", description: "A key.", secret: true },
        leaf: { ...ref, description: "One leaf." },
        leaves: {
            type: "object",
            additionalProperties: { type: "array", items: ref },
            description: "Many.",
        },
        content: {
            oneOf: [{ type: "string" }, { $ref: "pulumi.json#/Asset" }, { $ref: "pulumi.json#/Archive" }],
            description: "A content.",
        },
        when: { type: "string", description: "A time." },
        speed: { $ref: "#/types/portable:index:Speed", description: "A speed." },
        any: { $ref: "pulumi.json#/Any", description: "Anything." },
    };
    const rings = { type: "array", items: { type: "boolean" }, description: "Its rings." };
    const variables = {
        leaf: { ...ref, description: "The default leaf." },
        key: { type: "string", description: "A key.", secret: true, defaultInfo: { environment: ["TREE_KEY"] } },
    };
    const schema = await packageSchema(served);
    // A map of Any: Pulumi's generator for Java fails on a type that a variable and a function share.
    const anything = { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" } };
    const grove = (schema.resources as Record<string, unknown>)["portable:index:Grove"];
    expect(JSON.stringify(grove)).not.toContain("willReplaceOnChanges");
    expect(schema).toMatchObject({
        name: "portable",
        language: { nodejs: { packageName: "pulumi-portable", respectSchemaVersion: true } },
        config: { variables: { ...variables, leaf: { ...anything, description: "The default leaf." } } },
        provider: { inputProperties: variables },
        types: {
            "portable:index:Leaf": {
                type: "object",
                description: "A leaf.",
                properties: { color: { type: "string", description: "Its color. One of `green`, `red`." } },
            },
            "portable:index:Speed": { type: "string", enum: [{ value: "fast" }, { value: "slow" }] },
        },
        resources: {
            "portable:index:Tree": {
                description: "A tree.",
                inputProperties,
                requiredInputs: ["text"],
                properties: { ...inputProperties, rings, age: { type: "number" } },
                required: ["text", "rings"],
            },
            "portable:index:Grove": {
                isComponent: true,
                description: "Trees.",
                // A component has no replaceOnChanges: a change replaces its children.
                inputProperties: { text: inputProperties.text, ratio: { type: "number", description: "A part." } },
                requiredInputs: ["text"],
                properties: { height: { type: "number", description: "Of the highest." } },
                required: ["height"],
            },
        },
    });
});

test("a zod schema without a form in the package schema is reported", async () => {
    const broken = z.strictObject({ nested: z.strictObject({ a: z.string() }).optional() });
    const resources = { Tree: async () => ({ ...tree, inputs: broken }) };
    await expect(packageSchema({ ...served, resources })).rejects.toThrow(
        "Tree.nested is an object type without a name",
    );
});

test("every type, property, resource and function of the package has a description", async () => {
    const missing: string[] = [];
    const visit = (value: unknown, path: string): void => {
        if (typeof value !== "object" || value === null) return;
        for (const [key, part] of Object.entries(value)) {
            const isDescribed = /\.(properties|inputProperties|variables|types|resources|functions)$/.test(path);
            if (isDescribed && !part.description) missing.push(`${path}.${key}`);
            visit(part, `${path}.${key}`);
        }
    };
    visit(await packageSchema(portable), "schema");
    expect(missing).toEqual([]);
});

test("resources and functions have the names under which they are loaded", async () => {
    for (const members of [portable.resources, portable.components, portable.functions])
        for (const [name, load] of Object.entries(members)) expect((await load()).name).toBe(name);
});
