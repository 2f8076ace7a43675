import * as z from "zod";
import { Archive, Asset } from "./values";

// A provider checks a few values in its life: a function compiled for each object costs more than it saves.
z.config({ jitless: true });

/**
 * Metadata that the Pulumi package schema needs and zod has no form for. Every property has a
 * description (`.describe` or `.meta({description})`); a named object type has `id`.
 */
declare module "zod" {
    interface GlobalMeta {
        /** Encrypted in the state, wrapped by Check. */
        secret?: boolean;
        /** A change replaces the resource. */
        replaces?: boolean;
        /** Environment variables that stand in for the property (provider configuration only). */
        environment?: string[];
        /** The meaning of each value of an enum. */
        values?: Readonly<Record<string, string>>;
        /** The enum of the values that are known of a string that takes others, too. */
        knownValues?: { id: string; description: string; values: Readonly<Record<string, string>> };
    }
}

/** A pulumi.asset.Asset. */
export const asset = () => z.instanceof(Asset).meta({ pulumiType: "Asset" });
/** A pulumi.asset.Archive. */
export const archive = () => z.instanceof(Archive).meta({ pulumiType: "Archive" });
/** A value that languages have no common type for: zod says what it takes, and SDKs take any. */
export const anyType = <S extends z.ZodType>(schema: S): S => schema.meta({ pulumiType: "Any" });
/** An enum type of the package schema: a name, and the meaning of each of its values. */
export function enumType<const V extends Record<string, string>>(id: string, description: string, values: V) {
    return z.enum(Object.keys(values) as [keyof V & string, ...(keyof V & string)[]]).meta({ id, description, values });
}

/** An object type of the package schema: strict (an unknown property is an error), with a name. */
export function objectType<S extends z.ZodRawShape>(id: string, description: string, shape: S) {
    return z.strictObject(shape).meta({ id, description });
}
