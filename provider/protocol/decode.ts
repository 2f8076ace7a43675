import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Archive, Asset, type Path, ResourceReference, UNKNOWN } from "../schema/values";
import { SecretPaths } from "./secrets";
import { EMPTY_SHA256, SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRINGS } from "./wire";

/** Properties of a request: plain values, and the paths of secrets. */
export interface Decoded {
    value: Record<string, unknown>;
    secrets: SecretPaths;
}

/** Decodes a request's properties. An absent struct has no properties; a property that is null counts as absent. */
export function decode(struct: Struct | undefined): Decoded {
    return decodeObject((struct?.toJavaScript() ?? {}) as Record<string, unknown>);
}

/** Decodes properties that are plain JSON already. */
export function decodeObject(raw: Record<string, unknown>): Decoded {
    const secrets = new SecretPaths();
    return { value: decodeMembers(raw, [], secrets), secrets };
}

function decodeMembers(raw: Record<string, unknown>, path: Path, secrets: SecretPaths): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(raw)) {
        const value = decodeValue(member, [...path, key], secrets);
        if (value !== undefined && value !== null) members[key] = value;
    }
    return members;
}

/** Decodes one value and adds the paths of secrets to `secrets`. */
export function decodeValue(raw: unknown, path: Path, secrets: SecretPaths): unknown {
    if (typeof raw === "string") return UNKNOWN_STRINGS.has(raw) ? UNKNOWN : raw;
    if (Array.isArray(raw)) return raw.map((element, index) => decodeValue(element, [...path, index], secrets));
    if (typeof raw !== "object" || raw === null) return raw;
    const object = raw as Record<string, unknown>;
    const signature = object[SIGNATURE_KEY];
    switch (signature) {
        case undefined:
            return decodeMembers(object, path, secrets);
        case SIGNATURE.secret:
            secrets.add(path);
            return decodeValue(object.value, path, secrets);
        case SIGNATURE.output:
            if (object.secret === true) secrets.add(path);
            return "value" in object ? decodeValue(object.value, path, secrets) : UNKNOWN;
        case SIGNATURE.asset:
            return decodeAsset(object);
        case SIGNATURE.archive:
            return decodeArchive(object, path, secrets);
        case SIGNATURE.resource:
            return new ResourceReference({
                urn: String(object.urn),
                id: "id" in object ? (decodeValue(object.id, path, secrets) as string) : undefined,
                packageVersion: text(object.packageVersion),
            });
        default:
            throw new Error(`the engine sent a value of a kind this provider doesn't know (${String(signature)})`);
    }
}

function decodeAsset(raw: Record<string, unknown>): Asset {
    const source = { hash: text(raw.hash), path: text(raw.path), text: text(raw.text), uri: text(raw.uri) };
    const isElided = source.path === undefined && source.text === undefined && source.uri === undefined;
    return new Asset(defined(isElided && source.hash === EMPTY_SHA256 ? { ...source, text: "" } : source));
}

function decodeArchive(raw: Record<string, unknown>, path: Path, secrets: SecretPaths): Archive {
    const assets =
        typeof raw.assets === "object" && raw.assets !== null
            ? (decodeMembers(raw.assets as Record<string, unknown>, path, secrets) as Record<string, Asset | Archive>)
            : undefined;
    return new Archive(defined({ hash: text(raw.hash), path: text(raw.path), uri: text(raw.uri), assets }));
}

function text(value: unknown): string | undefined {
    return typeof value === "string" && value !== "" ? value : undefined;
}

function defined<T extends object>(value: T): T {
    return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
