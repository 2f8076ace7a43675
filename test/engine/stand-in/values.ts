import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRINGS } from "../../../provider/protocol/wire";

/** A property value in the form of the wire: plain JSON, where an object with a signature is a secret, an asset, ... */
export type Value = JavaScriptValue;
export type Properties = Record<string, Value>;

export const fromStruct = (struct: Struct | undefined): Properties => (struct?.toJavaScript() ?? {}) as Properties;
export const toStruct = (properties: Properties): Struct => Struct.fromJavaScript(properties);

export const isObject = (value: unknown): value is Properties =>
    typeof value === "object" && value !== null && !Array.isArray(value);
const signatureOf = (value: Value | undefined) => (isObject(value) ? value[SIGNATURE_KEY] : undefined);
export const isAsset = (value: Value | undefined): value is Properties => signatureOf(value) === SIGNATURE.asset;
export const isArchive = (value: Value | undefined): value is Properties => signatureOf(value) === SIGNATURE.archive;
export const isSecret = (value: Value | undefined): value is { value: Value } & Properties =>
    signatureOf(value) === SIGNATURE.secret;
export const isUnknown = (value: Value | undefined) => typeof value === "string" && UNKNOWN_STRINGS.has(value);

export const makeSecret = (value: Value): Value =>
    isSecret(value) ? value : { [SIGNATURE_KEY]: SIGNATURE.secret, value: withoutSecrets(value) };

/** Applies `change` to every value of the tree, bottom-up. */
export function mapValues(value: Value, change: (value: Value) => Value): Value {
    if (Array.isArray(value)) return change(value.map((part) => mapValues(part, change)));
    if (!isObject(value)) return change(value);
    return change(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapValues(part, change)])));
}

/** Whether the value, or a part of it, is unknown. */
export const hasUnknown = (value: Value | undefined): boolean =>
    isUnknown(value) || (typeof value === "object" && value !== null && Object.values(value).some(hasUnknown));

export const hasSecret = (value: Value | undefined): boolean =>
    isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(hasSecret));

/** CheckConfig, DiffConfig and Invoke of the real engine get secrets as plain values. */
export const withoutSecrets = (value: Value): Value => mapValues(value, (part) => (isSecret(part) ? part.value : part));

/** Marks values in the response of such a call as secret if those in the request are. */
export function withSecretsOf(answer: Properties, requested: Properties): Properties {
    const marked = Object.entries(answer).map(([key, value]): [string, Value] => {
        const from = requested[key];
        if (isSecret(from)) return [key, makeSecret(value)];
        return [key, isObject(from) && isObject(value) ? withSecretsOf(value, from) : value];
    });
    return Object.fromEntries(marked);
}

/** Leaves only hashes of assets: for Diff, Read and Delete, and for the old side of Update. */
export const withoutAssetContents = <T extends Value>(value: T): T =>
    mapValues(value, (part) =>
        isAsset(part) || isArchive(part)
            ? { [SIGNATURE_KEY]: part[SIGNATURE_KEY] as string, hash: part.hash as string }
            : part,
    ) as T;

/**
 * Adds the SHA-256 to assets and archives, as the engine does at registration; relative paths are of the program's directory.
 * Archives must be local directories. Throws if a file can't be read.
 */
export const withAssetHashes = (properties: Properties, programDirectory: string): Properties =>
    mapValues(properties, (part) => {
        if (isArchive(part) && part.path) {
            const hash = hashOfDirectory(resolve(programDirectory, String(part.path)));
            return { [SIGNATURE_KEY]: SIGNATURE.archive, hash, path: part.path };
        }
        if (isArchive(part) || (isAsset(part) && part.uri)) {
            throw new Error(
                "the stand-in engine takes files, texts and directories only; use the pulumi CLI for other archives and URLs",
            );
        }
        if (!isAsset(part)) return part;
        const content = part.path
            ? readFileSync(resolve(programDirectory, String(part.path)))
            : String(part.text ?? "");
        const source = part.path ? { path: part.path } : { text: part.text ?? "" };
        const hash = createHash("sha256").update(content).digest("hex");
        return { [SIGNATURE_KEY]: SIGNATURE.asset, hash, ...source };
    }) as Properties;

function hashOfDirectory(directory: string): string {
    const hash = createHash("sha256");
    for (const name of (readdirSync(directory, { recursive: true }) as string[]).sort()) {
        const file = join(directory, name);
        hash.update(`${name}\0`);
        if (statSync(file).isFile()) hash.update(readFileSync(file));
    }
    return hash.digest("hex");
}

/** JSON with sorted keys, which is the same for equal values. */
export const canonical = (value: unknown): string =>
    JSON.stringify(value, (_, part) =>
        isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    );
export const equal = (a: unknown, b: unknown) => canonical(a) === canonical(b);

/** Parses a property path: `a.b[0]["c.d"]` to `["a", "b", 0, "c.d"]`. */
export function parsePath(path: string): (string | number)[] {
    return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, name]) =>
        quoted !== undefined ? quoted.replace(/\\(.)/g, "$1") : index !== undefined ? Number(index) : (name as string),
    );
}

/** The value at a path. A path may lead through a secret; the value is then a secret, too. */
export function valueAt(root: Value | undefined, path: (string | number)[]): Value | undefined {
    let parent = root;
    let secret = false;
    for (const part of path) {
        if (isSecret(parent)) {
            secret = true;
            parent = parent.value;
        }
        parent = typeof parent === "object" && parent !== null ? (parent as Properties)[part] : undefined;
    }
    return secret && parent !== undefined ? makeSecret(parent) : parent;
}

/** Replaces the inputs at the paths of ignoreChanges by the old ones. */
export function resetPaths(inputs: Properties, oldInputs: Properties, paths: string[]): Properties {
    const reset = structuredClone(inputs);
    for (const path of paths.map(parsePath)) {
        const [last, ...parents] = path.toReversed();
        const parent = valueAt(reset, parents.toReversed());
        const old = valueAt(oldInputs, path);
        if (!isObject(parent) && !Array.isArray(parent)) continue;
        // The CLI can't reach it in the old inputs then: it says so and goes on.
        if (parents.length > 1 && valueAt(oldInputs, parents.slice(1).toReversed()) === undefined) continue;
        if (old === undefined) delete (parent as Properties)[last as string];
        else (parent as Properties)[last as string] = structuredClone(old);
    }
    return reset;
}
