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
    /** Directory with the recording `pulumi-resource-<name>`, for plugins.providers[].path in Pulumi.yaml. */
    directory: string;
    calls(): Call[];
    /** PIDs of the providers behind the recorder, in the order in which they started. */
    providerPids(): number[];
    clear(): void;
}

/** Makes a plugin directory whose executable records every call and forwards it to the real provider. */
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

/** Fields that differ between two runs of the same engine: addresses, seeds, and ids of providers. */
const VOLATILE = new Set([
    "randomseed",
    "resourceStatusAddress",
    "resourceStatusToken",
    "monitorendpoint",
    "parallel",
    "stackTraceHandle",
]);

/** Calls without the fields and calls that may differ between equivalent engines. */
export function normalized(calls: Call[]): Call[] {
    return (
        calls
            // Engines differ in when, and how often, they send these to a process.
            .filter(
                ({ method }, index) =>
                    method !== "cancel" || calls.findIndex((call) => call.method === "cancel") === index,
            )
            .map(({ method, request }) => {
                // The features that an engine offers in the handshake depend on its version.
                if (method === "handshake") return { method, request: {} };
                const kept = Object.entries(request).filter(([key]) => !VOLATILE.has(key));
                const named = method === "configure" ? kept.filter(([key]) => key !== "id") : kept;
                return { method, request: Object.fromEntries(named.map(([key, value]) => [key, sorted(value)])) };
            })
    );
}

/** Calls about resources in short: "create a", "update a (preview)". */
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
