import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import type { Json } from "./deployment";

/** Adds the hashes that the engine adds to assets before Check; relative paths are of the program's directory. */
export function withHashes(program: Json, directory: string): Json {
    return mapAssets(program, ({ path, ...asset }) => {
        const content = readFileSync(resolve(directory, String(path)));
        return { ...asset, path, hash: createHash("sha256").update(content).digest("hex") };
    });
}

/** Leaves only the hashes of assets, which is what the engine's state has of them in Diff, Read and Delete. */
export function hashesOnly(value: Json): Json {
    return mapAssets(value, ({ hash }) => ({ [SIGNATURE_KEY]: SIGNATURE.asset, hash }));
}

function mapAssets(value: Json, map: (asset: Json) => Json): Json {
    const walk = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(walk);
        if (value === null || typeof value !== "object") return value;
        const object = value as Json;
        if (object[SIGNATURE_KEY] === SIGNATURE.asset) return map(object);
        return Object.fromEntries(Object.entries(object).map(([key, part]) => [key, walk(part)]));
    };
    return walk(value) as Json;
}
