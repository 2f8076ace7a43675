import * as z from "zod";
import { entries, isRecord, type Path } from "./values";

type Schema = z.core.$ZodType;

/** A zod schema without its wrappers (optional, default, ...), and the properties that the wrappers add. */
export interface Shape {
    /** The innermost schema, with the kinds of `def.type` that carry data. */
    def: z.core.$ZodTypes["_zod"]["def"];
    schema: Schema;
    optional: boolean;
    /** Value of `.default(...)`, if any. */
    defaultValue?: unknown;
    /** Name of an object or enum type. */
    id?: string;
    description?: string;
    secret: boolean;
    replaces: boolean;
    environment?: string[];
    pulumiType?: string;
    values?: Readonly<Record<string, string>>;
    knownValues?: z.core.GlobalMeta["knownValues"];
}

/** Removes the wrappers. Outer wrappers take precedence over inner ones; `secret` and `replaces` apply from any of them. */
export function shapeOf(schema: Schema): Shape {
    const shape: Shape = { def: undefined as never, schema, optional: false, secret: false, replaces: false };
    for (;;) {
        const meta = metaOf(schema);
        shape.id ??= meta.id;
        shape.description ??= meta.description;
        shape.environment ??= meta.environment;
        shape.pulumiType ??= meta.pulumiType as string | undefined;
        shape.values ??= meta.values;
        shape.knownValues ??= meta.knownValues;
        shape.secret ||= meta.secret === true;
        shape.replaces ||= meta.replaces === true;
        shape.schema = schema;
        const def = (schema as z.core.$ZodTypes)._zod.def;
        shape.def = def;
        switch (def.type) {
            case "optional":
                shape.optional = true;
                break;
            case "default":
            case "prefault":
                shape.optional = true;
                shape.defaultValue ??= def.defaultValue;
                break;
            case "nullable":
            case "readonly":
            case "nonoptional":
            case "catch":
                break;
            case "pipe":
                // In a preprocessed schema the transform is the first part, and has no type.
                schema = (def.in as z.core.$ZodTypes)._zod.def.type === "transform" ? def.out : def.in;
                continue;
            case "lazy":
                schema = def.getter();
                continue;
            default:
                return shape;
        }
        schema = def.innerType;
    }
}

/** The metadata of a schema. A refinement is a copy of its schema with the metadata, but without the name. */
function metaOf(schema: Schema): z.core.GlobalMeta {
    const meta = z.globalRegistry.get(schema) ?? {};
    const parent = schema._zod.parent as Schema | undefined;
    return meta.id === undefined && parent !== undefined ? { id: metaOf(parent).id, ...meta } : meta;
}

/** The schemas that may describe the member `key` of a value of this schema; several in a union. */
export function membersOf(schema: Schema, key: string | number): Schema[] {
    const { def } = shapeOf(schema);
    switch (def.type) {
        case "object": {
            const member = Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall;
            return member === undefined ? [] : [member];
        }
        case "record":
            return [def.valueType];
        case "array":
            return [def.element];
        case "union":
            return def.options.flatMap((option) => membersOf(option, key));
        case "intersection":
            return [...membersOf(def.left, key), ...membersOf(def.right, key)];
        default:
            return [];
    }
}

/** Whether any schema from the top down to `path` has the mark. */
export function isMarked(schema: Schema, path: Path, mark: "secret" | "replaces"): boolean {
    const [key, ...rest] = path;
    return (
        shapeOf(schema)[mark] ||
        (key !== undefined && membersOf(schema, key).some((member) => isMarked(member, rest, mark)))
    );
}

/** The paths in `value` whose schema has the mark, outermost first and nothing below them. */
export function markedPaths(schema: Schema, value: unknown, mark: "secret" | "replaces", path: Path = []): Path[] {
    if (value === undefined) return [];
    if (shapeOf(schema)[mark]) return [path];
    return entries(value).flatMap(([key, part]) => {
        for (const member of membersOf(schema, key)) {
            const found = markedPaths(member, part, mark, [...path, key]);
            if (found.length > 0) return found;
        }
        return [];
    });
}

/** The value with the schema's defaults filled in. Unknown parts, and parts that don't fit the schema, are unchanged. */
export function withDefaults(schema: Schema, value: unknown): unknown {
    const { def, defaultValue } = shapeOf(schema);
    if (value === undefined) return defaultValue;
    if (def.type === "array" && Array.isArray(value)) return value.map((part) => withDefaults(def.element, part));
    if (!isRecord(value)) return value;
    if (def.type === "record") {
        return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withDefaults(def.valueType, part)]));
    }
    if (def.type === "union") {
        const option = def.options.find((candidate) => takesAll(candidate, value));
        return option === undefined ? value : withDefaults(option, value);
    }
    if (def.type !== "object") return value;
    const filled: Record<string, unknown> = { ...value };
    for (const [key, member] of Object.entries(def.shape)) {
        const part = withDefaults(member, value[key]);
        if (part !== undefined) filled[key] = part;
    }
    return filled;
}

/** Whether every property of the object is one of the schema's. */
function takesAll(schema: Schema, value: Record<string, unknown>): boolean {
    const { def } = shapeOf(schema);
    if (def.type === "union") return def.options.some((option) => takesAll(option, value));
    return def.type === "object" && Object.keys(value).every((key) => Object.hasOwn(def.shape, key));
}
