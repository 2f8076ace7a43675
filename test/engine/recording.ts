import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sh } from "../../provider/host/shell";
import { bundle } from "./bundle";
import { isObject } from "./stand-in/values";

/** A call that a provider received. */
export interface Call {
    method: string;
    request: Record<string, unknown>;
}

export interface Recording {
    /** For plugins.providers[].path of Pulumi.yaml: holds a `pulumi-resource-<name>` that records. */
    directory: string;
    calls(): Call[];
    /** Of the providers behind the recorder, in the order of their starts. */
    providerPids(): number[];
    clear(): void;
}

/** Makes a plugin directory whose executable passes every call on to the real one, and writes it down. */
export function recordingPlugin(name: string, executable: string, directory: string): Recording {
    mkdirSync(directory, { recursive: true });
    const recorder = bundle("recorder.ts", directory);
    const file = join(directory, "calls.jsonl");
    const script = join(directory, `pulumi-resource-${name}`);
    writeFileSync(
        script,
        sh`#!/bin/sh
exec ${[process.execPath, recorder, executable, file]} "$@"
`.text,
    );
    chmodSync(script, 0o755);
    const lines = () =>
        existsSync(file)
            ? readFileSync(file, "utf8")
                  .split("\n")
                  .filter((line) => line !== "")
                  .map((line) => JSON.parse(line))
            : [];
    return {
        directory,
        calls: () => lines().filter((line) => line.method !== undefined),
        providerPids: () => lines().flatMap((line) => (line.started ? [line.started.provider] : [])),
        clear: () => rmSync(file, { force: true }),
    };
}

/** What differs between two runs of the same engine: addresses, seeds, and the ids of providers. */
const VOLATILE = new Set([
    "randomseed",
    "resourceStatusAddress",
    "resourceStatusToken",
    "monitorendpoint",
    "parallel",
    "stackTraceHandle",
]);

/** Calls in a form that is equal where two engines ask a provider the same. */
export function normalized(calls: Call[]): Call[] {
    return (
        calls
            // Each process is told, at its own time; some twice.
            .filter(
                ({ method }, index) =>
                    method !== "cancel" || calls.findIndex((call) => call.method === "cancel") === index,
            )
            .map(({ method, request }) => {
                // Of the handshake, which engine features are offered differs with its version.
                if (method === "handshake") return { method, request: {} };
                const kept = Object.entries(request).filter(([key]) => !VOLATILE.has(key));
                const named = method === "configure" ? kept.filter(([key]) => key !== "id") : kept;
                return { method, request: Object.fromEntries(named.map(([key, value]) => [key, sorted(value)])) };
            })
    );
}

/** "create a", "update a (preview)"; only those about a resource. */
export function shortForm(calls: Call[]): string[] {
    return calls.flatMap(({ method, request: { urn, preview } }) => {
        if (typeof urn !== "string" || method.endsWith("Config") || method === "configure") return [];
        return [`${method} ${urn.slice(urn.lastIndexOf("::") + 2)}${preview ? " (preview)" : ""}`];
    });
}

function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (!isObject(value)) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
