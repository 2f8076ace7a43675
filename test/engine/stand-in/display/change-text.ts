import { diffLines } from "diff";
import type { StepMetadata } from "../../events";
import {
    equal,
    isArchive,
    isAsset,
    isObject,
    isSecret,
    type Properties,
    parsePath,
    type Value,
    valueAt,
} from "../values";
import { assetText, keyText, keyWidth, valueText } from "./value-text";

/** A difference at one path, or in the parts below it. */
interface Change {
    kind: "add" | "delete" | "update" | "none";
    old?: Value;
    new?: Value;
    parts: Map<string | number, Change>;
}

const MARK = { add: "+ ", delete: "- ", update: "~ ", none: "~ " };

/**
 * The properties that a step changes, a line each: `~ path: old => new`. With a detailedDiff of the provider, only its
 * properties: with inputDiff the old and the new input, else the old output and the new input.
 */
export function changeLines(step: StepMetadata): string[] {
    const olds = step.old?.inputs ?? {};
    const news = step.new?.inputs ?? {};
    const root: Change = { kind: "none", parts: new Map() };
    if (step.op === "create") return propertyLines(news);
    if (step.op === "delete") return [];
    if (!step.detailedDiff) return step.diffs ? partLines(between(only(olds, step.diffs), only(news, step.diffs))) : [];
    for (const [path, { diffKind, inputDiff }] of Object.entries(step.detailedDiff)) {
        const parts = parsePath(path);
        // A refresh shows the new outputs, other operations the new inputs.
        const refreshed = step.op === "refresh" || step.op === "update" ? step.new?.outputs : undefined;
        const before = valueAt(inputDiff ? olds : step.old?.outputs, parts);
        const after = valueAt(news, parts) ?? (equal(olds, news) ? valueAt(refreshed, parts) : undefined);
        const shown = inputDiff || !equal(before, after) ? after : valueAt(refreshed, parts);
        place(
            root,
            parts,
            compared(
                diffKind.startsWith("add") ? undefined : before,
                diffKind.startsWith("delete") ? undefined : shown,
            ),
        );
    }
    return partLines(root);
}

/** Properties without marks. As in the CLI, names that begin with two underscores are left out. */
function propertyLines(all: Properties): string[] {
    const properties = Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith("__")));
    const width = keyWidth(Object.keys(properties));
    return Object.entries(properties).flatMap(([key, value]) =>
        `  ${keyText(key).padEnd(width)}: ${valueText(value, 2)}`.split("\n"),
    );
}

/** Lines for all keys of two sets of properties, with a mark if the values differ. */
export function outputLines(olds: Properties, news: Properties): string[] {
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
    const width = keyWidth(keys);
    return keys.flatMap((key) => {
        const change = compared(olds[key], news[key]);
        if (!equal(olds[key], news[key])) return changeText(key, change, width);
        return `  ${keyText(key).padEnd(width)}: ${valueText(news[key], 2)}`.split("\n");
    });
}

const only = (properties: Properties, keys: string[]): Properties =>
    Object.fromEntries(Object.entries(properties).filter(([key]) => keys.includes(key)));

function place(root: Change, path: (string | number)[], change: Change) {
    const [last, ...parents] = path.toReversed();
    let parent = root;
    for (const part of parents.toReversed()) {
        const next = parent.parts.get(part) ?? { kind: "none", parts: new Map() };
        parent.parts.set(part, next);
        parent = next;
    }
    parent.parts.set(last as string, change);
}

/** The difference of two values; objects and lists are compared part by part. */
function compared(old: Value | undefined, now: Value | undefined): Change {
    if (old === undefined) return { kind: "add", new: now, parts: new Map() };
    if (now === undefined) return { kind: "delete", old, parts: new Map() };
    const plain = (value: Value) => isObject(value) && !isSecret(value) && !isAsset(value) && !isArchive(value);
    const comparable = (plain(old) && plain(now)) || (Array.isArray(old) && Array.isArray(now));
    if (!comparable || equal(old, now)) return { kind: "update", old, new: now, parts: new Map() };
    return between(old as unknown as Properties, now as unknown as Properties);
}

function between(olds: Properties, news: Properties): Change {
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
    const differing = keys.filter((key) => !equal(olds[key], news[key]));
    const isList = Array.isArray(olds);
    const parts = differing.map((key): [string | number, Change] => [
        isList ? Number(key) : key,
        compared(olds[key], news[key]),
    ]);
    return { kind: "none", parts: new Map(parts) };
}

function partLines({ parts }: Change): string[] {
    const names = [...parts.keys()].filter((key) => typeof key === "string");
    const width = keyWidth(names);
    return [...parts].flatMap(([key, change]) => changeText(key, change, width));
}

function changeText(key: string | number, change: Change, width: number): string[] {
    const mark = MARK[change.kind];
    const title = `${mark}${typeof key === "number" ? `[${key}]` : keyText(key).padEnd(width)}: `;
    if (change.kind === "none") {
        const [open, close] = [...change.parts.keys()].every((part) => typeof part === "number") ? "[]" : "{}";
        return [`${title}${open}`, ...partLines(change).map((line) => `    ${line}`), `  ${close}`];
    }
    if (change.kind === "update") return updateLines(title, change.old as Value, change.new as Value);
    const value = valueText(change.kind === "add" ? change.new : change.old, 2);
    return `${title}${value}`.split("\n").map((line, index) => (index === 0 ? line : `${mark}${line.slice(2)}`));
}

function updateLines(title: string, old: Value, now: Value): string[] {
    if (typeof old === "string" && typeof now === "string" && (old.includes("\n") || now.includes("\n"))) {
        const lines = diffLines(old, now).flatMap(({ value, added, removed }) =>
            value
                .replace(/\n$/, "")
                .split("\n")
                .map((line) => `    ${added ? "+" : removed ? "-" : " "} ${line}`),
        );
        return [title.trimEnd(), ...unchangedFolded(lines)];
    }
    if (isAsset(old) && isAsset(now) && typeof old.text === "string" && typeof now.text === "string") {
        return updateLines(title, old.text, now.text);
    }
    if (isAsset(old) && isAsset(now) && old.path === now.path) {
        const hashes = [old, now].map(({ hash }) => String(hash).slice(0, 7));
        return [`${title}asset(file:${hashes.join(" => ")}) { ${now.path ?? ""} }`];
    }
    const sides = [old, now].map((value) => (isAsset(value) ? assetText(value) : valueText(value, 2)));
    return `${title}${sides.join(" => ")}`.split("\n");
}

const CONTEXT = 3;

/** Folds long runs of equal lines, except the lines next to a change. */
function unchangedFolded(lines: string[]): string[] {
    const changed = (line: string | undefined) => line !== undefined && /^ {4}[+-]/.test(line);
    const near = lines.map((_, index) => lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(changed));
    return lines.flatMap((line, index) => (near[index] ? line : index === 0 || near[index - 1] ? "      ..." : []));
}
