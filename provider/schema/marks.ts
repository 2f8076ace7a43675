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
    }
}

/** A pulumi.asset.Asset. */
export const asset = () => z.instanceof(Asset).meta({ pulumiType: "Asset" });
/** A pulumi.asset.Archive. */
export const archive = () => z.instanceof(Archive).meta({ pulumiType: "Archive" });
/** An object type of the package schema: strict (an unknown property is an error), with a name. */
export function objectType<S extends z.ZodRawShape>(id: string, description: string, shape: S) {
    return z.strictObject(shape).meta({ id, description });
}
