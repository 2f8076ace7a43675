import * as z from "zod";
import { Archive, Asset } from "./values";

// A process checks only a few values, so compiling a function for each object schema costs more than it saves.
z.config({ jitless: true });

/**
 * Metadata for the Pulumi package schema that zod lacks. Every property has a description (`.describe` or
 * `.meta({description})`); a named object type has `id`.
 */
declare module "zod" {
    interface GlobalMeta {
        /** Whether Check marks the property as secret, so that it is encrypted in the state. */
        secret?: boolean;
        /** Whether a change replaces the resource. */
        replaces?: boolean;
        /** Environment variables that are used if the property is unset (provider configuration only). */
        environment?: string[];
        /** The meaning of each value of an enum. */
        values?: Readonly<Record<string, string>>;
        /** An enum of known values, for a string that accepts others, too. */
        knownValues?: { id: string; description: string; values: Readonly<Record<string, string>> };
    }
}

/** A pulumi.asset.Asset. */
export const asset = () => z.instanceof(Asset).meta({ pulumiType: "Asset" });
/** A pulumi.asset.Archive. */
export const archive = () => z.instanceof(Archive).meta({ pulumiType: "Archive" });
/** A value without a common type in all languages: zod validates it, and SDKs accept any type. */
export const anyType = <S extends z.ZodType>(schema: S): S => schema.meta({ pulumiType: "Any" });
/** An enum type of the package schema: a name, and the meaning of each of its values. */
export function enumType<const V extends Record<string, string>>(id: string, description: string, values: V) {
    return z.enum(Object.keys(values) as [keyof V & string, ...(keyof V & string)[]]).meta({ id, description, values });
}

/** An object type of the package schema: strict (an unknown property is an error), with a name. */
export function objectType<S extends z.ZodRawShape>(id: string, description: string, shape: S) {
    return z.strictObject(shape).meta({ id, description });
}
