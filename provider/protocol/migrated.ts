import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Resource } from "../contract";
import { type Decoded, decode } from "./decode";
import { SecretPaths } from "./secrets";

/** Decodes the outputs of a state, which an older version may have written. */
export function decodeState(resource: Resource, struct: Struct | undefined): Decoded {
    return migrated(resource, decode(struct));
}

/** Old properties in the form of this version; a secret under an old name is secret under the new names. */
export function migrated(resource: Pick<Resource, "migrate">, { value, secrets }: Decoded): Decoded {
    if (resource.migrate === undefined) return { value, secrets };
    const now = resource.migrate(value);
    const added = Object.keys(now).filter((name) => !Object.hasOwn(value, name));
    const isGone = (name: unknown) =>
        typeof name === "string" && Object.hasOwn(value, name) && !Object.hasOwn(now, name);
    const kept = [...secrets].filter(([name]) => !isGone(name));
    const moved = kept.length < [...secrets].length ? added.map((name) => [name]) : [];
    return { value: now, secrets: new SecretPaths([...kept, ...moved]) };
}
