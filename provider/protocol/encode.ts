import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Archive, Asset, isRecord, type Path, ResourceReference, Secret, Unknown } from "../schema/values";
import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING } from "./wire";

type Json = JavaScriptValue;

/**
 * Encodes the properties of a response. A value is secret if a resource wrapped it in {@link Secret} or if `isSecret` is true
 * for its path; values within a secret aren't marked again. Undefined members are left out.
 */
export function encode(properties: Record<string, unknown>, isSecret: (path: Path) => boolean): Struct {
    return Struct.fromJavaScript(encodeMembers(properties, [], isSecret));
}

/** Encodes the properties as plain JSON. */
export function encodeMembers(
    properties: Record<string, unknown>,
    path: Path,
    isSecret: (path: Path) => boolean,
): Record<string, Json> {
    const members: Record<string, Json> = {};
    for (const [key, value] of Object.entries(properties)) {
        if (value !== undefined) members[key] = encodeValue(value, [...path, key], isSecret);
    }
    return members;
}

function encodeValue(value: unknown, path: Path, isSecret: (path: Path) => boolean): Json {
    if (value instanceof Secret) return secret(encodeValue(unwrap(value), path, nothing));
    if (isSecret(path)) return secret(encodeValue(value, path, nothing));
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (value instanceof Unknown) return UNKNOWN_STRING;
    if (value instanceof Asset) return { [SIGNATURE_KEY]: SIGNATURE.asset, ...value.source };
    if (value instanceof Archive) {
        const { assets, ...source } = value.source;
        return {
            [SIGNATURE_KEY]: SIGNATURE.archive,
            ...source,
            ...(assets === undefined ? {} : { assets: encodeMembers(assets, path, nothing) }),
        };
    }
    if (value instanceof ResourceReference) {
        return { [SIGNATURE_KEY]: SIGNATURE.resource, ...encodeMembers(value.reference, path, nothing) };
    }
    if (Array.isArray(value)) {
        return value.map((element, index) => encodeValue(element ?? null, [...path, index], isSecret));
    }
    if (isRecord(value)) return encodeMembers(value, path, isSecret);
    throw new Error(`a value of type ${typeof value} can't be stored in the state`);
}

function unwrap(value: unknown): unknown {
    return value instanceof Secret ? unwrap(value.value) : (value ?? null);
}

/** The `isSecret` for values within a secret, which aren't marked again. */
function nothing(): boolean {
    return false;
}

function secret(value: Json): Json {
    return { [SIGNATURE_KEY]: SIGNATURE.secret, value };
}
