import type { z } from "zod";
import type { Derived } from "../contract";
import { isMarked, markedPaths } from "../schema/shape";
import { Archive, Asset, isRecord, isWithin, type Path, pathText, ResourceReference, Unknown } from "../schema/values";

type Kind = "add" | "delete" | "update";

export interface Change {
    path: Path;
    kind: Kind;
    replaces: boolean;
    /** False for drift: an output isn't as declared. */
    isInput: boolean;
}

/** The differences between two values, down to the leaves of objects and lists. Unknown differs from everything. */
export function changesBetween(old: unknown, now: unknown, path: Path = []): { path: Path; kind: Kind }[] {
    if (old === undefined && now === undefined) return [];
    if (old === undefined) return [{ path, kind: "add" }];
    if (now === undefined) return [{ path, kind: "delete" }];
    if (isRecord(old) && isRecord(now)) {
        const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
        return [...keys].flatMap((key) => changesBetween(own(old, key), own(now, key), [...path, key]));
    }
    if (Array.isArray(old) && Array.isArray(now)) {
        const length = Math.max(old.length, now.length);
        return Array.from({ length }, (_, index) => changesBetween(old[index], now[index], [...path, index])).flat();
    }
    return isSame(old, now) ? [] : [{ path, kind: "update" }];
}

function isUnchanged(old: unknown, now: unknown): boolean {
    return old !== undefined && now !== undefined && changesBetween(old, now).length === 0;
}

function own(record: Record<string, unknown>, key: string): unknown {
    return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isSame(old: unknown, now: unknown): boolean {
    if (now instanceof Unknown || old instanceof Unknown) return false;
    if (old instanceof Asset && now instanceof Asset) return isSameSource(old.source, now.source);
    if (old instanceof Archive && now instanceof Archive) return isSameSource(old.source, now.source);
    if (old instanceof ResourceReference && now instanceof ResourceReference) {
        return old.reference.urn === now.reference.urn && old.reference.id === now.reference.id;
    }
    return old === now;
}

/** Content decides, not the path it is read from: the same bytes from another directory are no change. */
function isSameSource(old: Asset["source"] | Archive["source"], now: Asset["source"] | Archive["source"]): boolean {
    return old.hash !== undefined && now.hash !== undefined
        ? old.hash === now.hash
        : JSON.stringify(old) === JSON.stringify(now);
}

function isAllIn(names: readonly string[], set: ReadonlySet<string>): boolean {
    return names.length > 0 && names.every((name) => set.has(name));
}

export interface DiffArgs {
    schema: z.ZodType;
    oldInputs: Record<string, unknown>;
    inputs: Record<string, unknown>;
    derived: Readonly<Record<string, Pick<Derived, "from" | "impliedBy" | "decides">>>;
    /** Property paths, as in the resource option. */
    ignoreChanges: readonly string[];
    /** From the resource's own hook. */
    replaces: readonly Path[];
    drift: readonly Path[];
    /** Top-level names whose `replaces` marks don't count. */
    exemptFromReplace?: readonly string[];
}

/** The changes from old inputs to new ones, with their meaning by the schema's marks and the resource's hook. */
export function diffInputs(args: DiffArgs): Change[] {
    const ignored = new Set(args.ignoreChanges);
    const isIgnored = (name: string): boolean => {
        if (ignored.has("*") || ignored.has(name)) return true;
        const from = Object.hasOwn(args.derived, name) ? (args.derived[name]?.from ?? []) : [];
        return from.length > 0 && from.every((source) => ignored.has(source));
    };
    const decided = new Set(
        Object.entries(args.derived)
            .filter(([name, { decides }]) => decides && isUnchanged(own(args.oldInputs, name), own(args.inputs, name)))
            .flatMap(([, { from }]) => from),
    );
    /** Covers fields that derive from decided sources alone, too: an import or an older provider may have recorded less. */
    const isDecided = (name: string): boolean =>
        decided.has(name) || (Object.hasOwn(args.derived, name) && isAllIn(args.derived[name]?.from ?? [], decided));
    const differences = changesBetween(args.oldInputs, args.inputs).filter(
        ({ path }) => !isIgnored(String(path[0])) && !isDecided(String(path[0])),
    );
    const differing = new Set(differences.map(({ path }) => String(path[0])));
    const isImplied = (name: string): boolean =>
        Object.hasOwn(args.derived, name) &&
        (args.derived[name]?.impliedBy ?? []).some((other) => differing.has(other));
    const changes = differences
        .filter(({ path }) => !isImplied(String(path[0])))
        .map(
            (change): Change => ({
                ...change,
                isInput: true,
                replaces:
                    (!args.exemptFromReplace?.includes(String(change.path[0])) &&
                        (isMarked(args.schema, change.path, "replaces") || hasMarkedPart(args, change.path))) ||
                    args.replaces.some((path) => isWithin(change.path, path) || isWithin(path, change.path)),
            }),
        );
    for (const path of args.replaces) {
        const isCovered = changes.some((change) => isWithin(change.path, path) || isWithin(path, change.path));
        if (!isCovered) changes.push({ path, kind: "update", replaces: true, isInput: true });
    }
    for (const path of args.drift) {
        const isCovered = changes.some((change) => isWithin(path, change.path) || isWithin(change.path, path));
        if (!isCovered) changes.push({ path, kind: "update", replaces: false, isInput: false });
    }
    return changes;
}

/** Whether something below an added, removed or retyped part has the mark `replaces`. */
function hasMarkedPart({ schema, oldInputs, inputs }: DiffArgs, path: Path): boolean {
    return [oldInputs, inputs].some((side) =>
        markedPaths(schema, side, "replaces").some((marked) => marked.length > path.length && isWithin(marked, path)),
    );
}

/** The parts of a DiffResponse that follow from the changes. */
export function diffAnswer(changes: readonly Change[]): {
    diffs: string[];
    replaces: string[];
    detailed: [path: string, kind: `${Uppercase<Kind>}${"" | "_REPLACE"}`, isInput: boolean][];
} {
    const top = (some: readonly Change[]): string[] => [...new Set(some.map(({ path }) => String(path[0])))];
    return {
        diffs: top(changes),
        replaces: top(changes.filter(({ replaces }) => replaces)),
        detailed: changes.map(({ path, kind, replaces, isInput }) => [
            pathText(path),
            `${kind.toUpperCase() as Uppercase<Kind>}${replaces ? "_REPLACE" : ""}`,
            isInput,
        ]),
    };
}
