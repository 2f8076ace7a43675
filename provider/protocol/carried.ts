import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { CarriedValue } from "../contract";
import { isRecord } from "../schema/values";
import { decodeValue } from "./decode";
import { encodeMembers } from "./encode";
import { SecretPaths } from "./secrets";
import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING } from "./wire";

type Json = JavaScriptValue;
type JsonObject = Record<string, Json>;

/** A value in the form of the wire, so that it can be passed on with its marks. */
export class WireValue implements CarriedValue {
    constructor(
        private readonly raw: Json | undefined,
        /** URNs of resources that the value depends on, besides those of its parts. */
        private readonly dependencies: readonly string[] = [],
        private readonly isSecret = false,
    ) {}

    get value(): unknown {
        return this.raw === undefined ? undefined : (decodeValue(this.raw, [], new SecretPaths()) ?? undefined);
    }

    at(key: string): WireValue {
        const whole = this.opened();
        const { raw, dependencies, isSecret } = whole;
        if (!isObject(raw)) return raw === UNKNOWN_STRING ? whole : new WireValue(undefined);
        return new WireValue(Object.hasOwn(raw, key) ? raw[key] : undefined, dependencies, isSecret);
    }

    /** The value in the form that every provider accepts, without output values: secret, unknown or plain. */
    wire(): Json | undefined {
        const plain = this.raw === undefined ? undefined : withoutOutputs(this.raw);
        return this.isSecret && plain !== undefined && !isMarked(plain, "secret") ? secret(plain) : plain;
    }

    /** URNs of all resources that the value or a part of it depends on. */
    allDependencies(): string[] {
        return [...new Set([...this.dependencies, ...dependenciesWithin(this.raw)])];
    }

    /** The value without its outer marks, which become fields. */
    private opened(): WireValue {
        const { raw, dependencies, isSecret } = this;
        if (isMarked(raw, "secret")) return new WireValue(raw.value, dependencies, true).opened();
        if (!isMarked(raw, "output")) return this;
        const plain = "value" in raw ? raw.value : UNKNOWN_STRING;
        return new WireValue(plain, [...dependencies, ...urnsOf(raw)], isSecret || raw.secret === true).opened();
    }
}

/**
 * The value that the engine sent for a property. The dependencies of the property as a whole are only used if none of its
 * parts has dependencies.
 */
export function carriedInput(raw: Json | undefined, dependencies: readonly string[]): WireValue {
    return new WireValue(raw, containsOutput(raw) ? [] : dependencies);
}

/** Encodes plain values with carried ones among them. */
function wireOf(value: unknown): Json | undefined {
    if (value === undefined) return undefined;
    if (value instanceof WireValue) return value.wire();
    if (Array.isArray(value)) return value.map((part) => wireOf(part) ?? null);
    if (isRecord(value)) return wireMembers(value);
    return encodeMembers({ value }, [], () => false).value;
}

export function wireMembers(values: Record<string, unknown>): JsonObject {
    const members: JsonObject = {};
    for (const [key, value] of Object.entries(values)) {
        const wire = wireOf(value);
        if (wire !== undefined) members[key] = wire;
    }
    return members;
}

/** URNs of all resources that the carried values within a value depend on. */
export function dependenciesOf(value: unknown): string[] {
    if (value instanceof WireValue) return value.allDependencies();
    const parts = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    return [...new Set(parts.flatMap(dependenciesOf))];
}

function withoutOutputs(raw: Json): Json {
    if (Array.isArray(raw)) return raw.map(withoutOutputs);
    if (!isObject(raw)) return raw;
    if (isMarked(raw, "output")) {
        const plain = "value" in raw ? withoutOutputs(raw.value as Json) : UNKNOWN_STRING;
        return raw.secret === true ? secret(plain) : plain;
    }
    return Object.fromEntries(Object.entries(raw).map(([key, part]) => [key, withoutOutputs(part)]));
}

function dependenciesWithin(raw: Json | undefined): string[] {
    if (Array.isArray(raw)) return raw.flatMap(dependenciesWithin);
    if (!isObject(raw)) return [];
    return [...(isMarked(raw, "output") ? urnsOf(raw) : []), ...Object.values(raw).flatMap(dependenciesWithin)];
}

function containsOutput(raw: Json | undefined): boolean {
    if (Array.isArray(raw)) return raw.some(containsOutput);
    return isObject(raw) && (isMarked(raw, "output") || Object.values(raw).some(containsOutput));
}

function urnsOf(raw: JsonObject): string[] {
    return Array.isArray(raw.dependencies) ? raw.dependencies.map(String) : [];
}

function isMarked(raw: Json | undefined, mark: keyof typeof SIGNATURE): raw is JsonObject & { value: Json } {
    return isObject(raw) && raw[SIGNATURE_KEY] === SIGNATURE[mark];
}

function isObject(raw: Json | undefined): raw is JsonObject {
    return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

function secret(value: Json): Json {
    return { [SIGNATURE_KEY]: SIGNATURE.secret, value };
}
