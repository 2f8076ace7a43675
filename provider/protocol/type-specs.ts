import type { z } from "zod";
import { isInteger } from "../schema/expectation";
import { type Shape, shapeOf } from "../schema/shape";

type Schema = z.core.$ZodType;

export interface TypeSpec {
    type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
    $ref?: string;
    items?: TypeSpec;
    additionalProperties?: TypeSpec;
    oneOf?: TypeSpec[];
}

export interface PropertySpec extends TypeSpec {
    description?: string;
    secret?: true;
    willReplaceOnChanges?: true;
    defaultInfo?: { environment: string[] };
}

/** Object and enum types that were named while the package was walked. */
export class TypeTable {
    private readonly byName = new Map<string, object>();

    constructor(private readonly packageName: string) {}

    specs(): Record<string, object> {
        return Object.fromEntries([...this.byName].sort(([a], [b]) => (a < b ? -1 : 1)));
    }

    /** The reference to a named type; `make` is called for its first mention. */
    reference(id: string, make: () => object): TypeSpec {
        const token = `${this.packageName}:index:${id}`;
        if (!this.byName.has(token)) {
            // Registered before it is made, since a type may refer to itself.
            this.byName.set(token, {});
            this.byName.set(token, make());
        }
        return { $ref: `#/types/${token}` };
    }
}

/** A property as the package schema has it. `where` names it in errors. */
export function propertyOf(
    schema: Schema,
    where: string,
    types: TypeTable,
): { spec: PropertySpec; isRequired: boolean } {
    const shape = shapeOf(schema);
    const spec: PropertySpec = { ...typeOf(shape, where, types) };
    const description = describe(shape);
    if (description !== undefined) spec.description = description;
    if (shape.secret) spec.secret = true;
    if (shape.replaces) spec.willReplaceOnChanges = true;
    if (shape.environment !== undefined) spec.defaultInfo = { environment: shape.environment };
    return { spec, isRequired: !shape.optional };
}

/** Defaults are part of the description: SDKs would send a declared default as an input, so that every state had it. */
function describe({ description, defaultValue, def, id }: Shape): string | undefined {
    if (description === undefined) return undefined;
    const values = id === undefined ? valuesOf(def) : undefined;
    const isListed = values === undefined || values.every((value) => description.includes(value));
    const oneOf = isListed ? "" : ` One of ${values.map((value) => `\`${value}\``).join(", ")}.`;
    const hasDefaultText = defaultValue === undefined || /\bDefault\b/.test(description);
    return `${description}${oneOf}${hasDefaultText ? "" : ` Default: ${plainOrJson(defaultValue)}.`}`;
}

function plainOrJson(value: unknown): string {
    return typeof value === "object" ? `\`${JSON.stringify(value)}\`` : `\`${String(value)}\``;
}

function valuesOf(def: Shape["def"]): string[] | undefined {
    if (def.type === "enum") return Object.values(def.entries).map(String);
    return def.type === "literal" ? def.values.map(String) : undefined;
}

function typeOf(shape: Shape, where: string, types: TypeTable): TypeSpec {
    const { def, id, pulumiType, knownValues } = shape;
    if (pulumiType !== undefined) return { $ref: `pulumi.json#/${pulumiType}` };
    if (knownValues !== undefined) {
        return {
            type: "string",
            oneOf: [{ type: "string" }, enumOf(knownValues, Object.keys(knownValues.values), types)],
        };
    }
    const nested = (schema: Schema, part: string): TypeSpec => typeOf(shapeOf(schema), `${where}${part}`, types);
    switch (def.type) {
        case "string":
        case "template_literal":
            return { type: "string" };
        case "number":
            return { type: isInteger(shape.schema) ? "integer" : "number" };
        case "boolean":
            return { type: "boolean" };
        case "any":
        case "unknown":
            return { $ref: "pulumi.json#/Any" };
        case "array":
            return { type: "array", items: nested(def.element, "[]") };
        case "record":
            return { type: "object", additionalProperties: nested(def.valueType, "{}") };
        case "union": {
            // Nested unions are flattened.
            const options = def.options
                .map((option) => nested(option, "|"))
                .flatMap((option) => option.oneOf ?? option);
            const distinct = [...new Map(options.map((option) => [JSON.stringify(option), option])).values()];
            return distinct.length === 1 ? (distinct[0] as TypeSpec) : { oneOf: distinct };
        }
        case "enum":
        case "literal": {
            const values = def.type === "enum" ? Object.values(def.entries) : def.values;
            if (id === undefined) return { type: typeof values[0] as "string" | "number" | "boolean" };
            const { description } = shapeOf(shape.schema);
            return enumOf({ id, description, values: shape.values }, values, types);
        }
        case "object": {
            if (id === undefined) throw new Error(`${where} is an object type without a name: use objectType(...)`);
            return types.reference(id, () => objectTypeSpec(def.shape, shape.schema, id, types));
        }
        default:
            throw new Error(`${where} is of zod type ${def.type}, which the package schema has no form for`);
    }
}

/** The reference to a named enum type. */
function enumOf(
    { id, description, values: meanings = {} }: { id: string; description?: string; values?: Shape["values"] },
    values: readonly unknown[],
    types: TypeTable,
): TypeSpec {
    return types.reference(id, () => ({
        description,
        type: typeof values[0],
        enum: values.map((value) => ({ value, description: meanings[String(value)] })),
    }));
}

function objectTypeSpec(
    members: Readonly<Record<string, Schema>>,
    schema: Schema,
    id: string,
    types: TypeTable,
): object {
    const properties = Object.entries(members).map(
        ([name, member]) => [name, propertyOf(member, `${id}.${name}`, types)] as const,
    );
    const required = properties.filter(([, { isRequired }]) => isRequired).map(([name]) => name);
    return {
        type: "object",
        description: shapeOf(schema).description,
        properties: Object.fromEntries(properties.map(([name, { spec }]) => [name, spec])),
        ...(required.length === 0 ? {} : { required }),
    };
}
