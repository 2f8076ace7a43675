import type { z } from "zod";
import { membersOf, shapeOf } from "./shape";
import { Archive, Asset, isRecord, type Path, ResourceReference, Unknown } from "./values";

type Schema = z.core.$ZodType;

/** The values that a schema accepts, as the object of "give": `a string`, `"a" or "b"`, `an asset or a list`. */
export function expectation(...schemas: readonly Schema[]): string {
    return [...new Set(schemas.flatMap(alternatives))].join(" or ");
}

function alternatives(schema: Schema): string[] {
    const { def, pulumiType } = shapeOf(schema);
    if (pulumiType === "Asset") return ["an asset (pulumi.asset.FileAsset, StringAsset or RemoteAsset)"];
    if (pulumiType === "Archive") return ["an archive (pulumi.asset.FileArchive or AssetArchive)"];
    switch (def.type) {
        case "union":
            return def.options.flatMap(alternatives);
        case "literal":
            return def.values.map((value) => JSON.stringify(value));
        case "enum":
            return Object.values(def.entries).map((value) => JSON.stringify(value));
        case "number":
            return [isInteger(schema) ? "a whole number" : "a number"];
        case "boolean":
            return ["true or false"];
        case "array":
        case "tuple":
            return ["a list"];
        case "record":
        case "object":
            return ["an object"];
        case "string":
        case "template_literal":
            return ["a string"];
        default:
            return ["another value"];
    }
}

/** Whether the number schema, without its wrappers, only accepts integers. */
export function isInteger(schema: Schema): boolean {
    const number = shapeOf(schema).schema as z.ZodNumber;
    return number.isInt === true;
}

/** The kind of a value, as the object of "got". The value itself isn't shown, as it may be secret. */
export function kindOf(value: unknown): string {
    if (value === null) return "null";
    if (value instanceof Unknown) return "a value not known yet";
    if (value instanceof Asset) return "an asset";
    if (value instanceof Archive) return "an archive";
    if (value instanceof ResourceReference) return "a whole resource, where one of its outputs belongs";
    if (Array.isArray(value)) return "a list";
    if (isRecord(value)) return "an object";
    if (typeof value === "number") return Number.isInteger(value) ? "a number" : "a number with a fraction";
    return `a ${typeof value}`;
}

/** The schemas that may describe the value at `path`. */
export function schemasAt(schema: Schema, path: Path): Schema[] {
    return path.reduce<Schema[]>((schemas, key) => schemas.flatMap((member) => membersOf(member, key)), [schema]);
}

/** The names of all properties that an object of one of these schemas may have. */
export function propertyNames(schemas: readonly Schema[]): string[] {
    const names = schemas.flatMap((schema): string[] => {
        const { def } = shapeOf(schema);
        if (def.type === "object") return Object.keys(def.shape);
        return def.type === "union" ? propertyNames(def.options) : [];
    });
    return [...new Set(names)];
}
