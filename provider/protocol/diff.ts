import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { z } from "zod";
import type { Derived } from "../contract";
import { isMarked, markedPaths } from "../schema/shape";
import { isRecord, isWithin, type Path, pathText, valueAt } from "../schema/values";
import { changesBetween, isUnchanged, type Kind, listChanges } from "./changes";
import { Ignored } from "./ignored";

type Values = Record<string, unknown>;

export interface Change {
    path: Path;
    kind: Kind;
    replaces: boolean;
    /** Whether the old value is in the old inputs; otherwise it is in the old outputs. */
    isInput: boolean;
}

export interface DiffArgs {
    schema: z.ZodType;
    /** The new inputs, with the schema's defaults. */
    oldInputs: Values;
    inputs: Values;
    /** The new inputs without defaults, as the engine shows them; `inputs` by default. */
    written?: { oldInputs: Values; inputs: Values };
    /** The old outputs, which have the deployed values. Derived fields are compared with them. */
    deployed: Values;
    derived: Readonly<Record<string, Derived>>;
    /** Property paths, as in the resource option. */
    ignoreChanges: readonly string[];
    /** See the members of these names in `Resource`. */
    canonical(inputs: Values): Values;
    identities?: Readonly<Record<string, (element: unknown) => string | undefined>>;
    /** Paths that the resource's `diff` hook wants to replace the resource. */
    replaces: readonly Path[];
    drift: readonly Path[];
    /** Paths at or below which the schema's `replaces` marks are ignored. */
    exemptFromReplace?: readonly Path[];
}

/** The changes from old to new inputs, and whether they replace, by the schema's marks and the resource's hook. */
export function diffInputs(args: DiffArgs): Change[] {
    const changes = changedInputs(args).map(
        ({ path, kind, isInput }): Change => ({
            path,
            kind,
            isInput,
            replaces:
                (!args.exemptFromReplace?.some((exempt) => isWithin(path, exempt)) &&
                    (isMarked(args.schema, path, "replaces") || hasMarkedPart(args, path))) ||
                args.replaces.some((replacing) => isWithin(path, replacing) || isWithin(replacing, path)),
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

/** Whether the path is in a field that Check adds. */
function isDerived({ derived }: DiffArgs, [name]: Path): boolean {
    return Object.hasOwn(derived, String(name));
}

/** The differences, without those that are ignored, that are only another form, or that follow from another difference. */
function changedInputs(args: DiffArgs): { path: Path; kind: Kind; isInput: boolean }[] {
    const { derived: fields, oldInputs, inputs, deployed, canonical } = args;
    const ignored = new Ignored(args.ignoreChanges);
    const before: Values = { ...oldInputs, ...pick(deployed, fields) };
    const now: Values = { ...inputs, ...ignored.keepDeployed(fields, before, pick(inputs, fields)) };
    const decided = new Set(
        Object.entries(fields)
            .filter(([name]) => isUnchanged(before[name], now[name]))
            .flatMap(([, { decides }]) => decides ?? []),
    );
    // Includes fields that only derive from decided sources, since an import or an older provider may have stored fewer fields.
    const isDecided = ([name]: Path): boolean =>
        decided.has(String(name)) || isAllIn(fields[String(name)]?.from ?? [], decided);
    const inEffect = changesBetween(canonical(before), canonical(now));
    const hasEffect = (path: Path): boolean =>
        inEffect.some((change) => isWithin(change.path, path) || isWithin(path, change.path));
    const inQuestion = differencesOf(args, before, now).filter(
        ({ path }) => !ignored.covers(path) && !isDecided(path) && (isDerived(args, path) || hasEffect(path)),
    );
    const differences = withoutShifted(args, now, inQuestion);
    const differing = new Set(differences.map(({ path }) => String(path[0])));
    /** Whether a derived field has no value, such as the contents of an image that isn't built yet. */
    const isEmpty = (name: string): boolean =>
        Object.hasOwn(fields, name) && Object.keys((now[name] as object | undefined) ?? {}).length === 0;
    /** Whether the last inputs were deployed, so that a change of the inputs implies that of the derived field. */
    const wasDeployed = (name: string): boolean => changesBetween(oldInputs[name], before[name]).length === 0;
    const written = args.written ?? { oldInputs, inputs };
    /** Whether the engine can show both sides: unset inputs with a default have no value. */
    const isShown = ({ path, kind }: { path: Path; kind: Kind }): boolean =>
        kind !== "update" || writtenKind(written, path) === "update";
    const isImplied = (name: string): boolean =>
        wasDeployed(name) &&
        (fields[name]?.impliedBy ?? []).some((other) => differing.has(other) && !isEmpty(other)) &&
        differences.every((change) => !fields[name]?.impliedBy?.includes(String(change.path[0])) || isShown(change));
    const shown = differences.filter(({ path }) => !isImplied(String(path[0])));
    /** Whether a field is unknown before a build: it would be shown as removed beside the change that it follows from. */
    const isUnbuilt = ({ path }: { path: Path }): boolean =>
        isDerived(args, path) && now[String(path[0])] === undefined && before[String(path[0])] !== undefined;
    return (shown.every(isUnbuilt) ? shown : shown.filter((change) => !isUnbuilt(change))).map(({ path, kind }) => ({
        path,
        kind: kind === "update" && !isDerived(args, path) ? writtenKind(written, path) : kind,
        isInput: !isDerived(args, path) || changesBetween(valueAt(oldInputs, path), valueAt(before, path)).length === 0,
    }));
}

/** The kind of an update by the inputs without defaults: if one side is unset, it is an addition or a removal. */
function writtenKind({ oldInputs, inputs }: { oldInputs: Values; inputs: Values }, path: Path): Kind {
    const [before, now] = [valueAt(oldInputs, path), valueAt(inputs, path)];
    if (before === undefined && now !== undefined) return "add";
    return before !== undefined && now === undefined ? "delete" : "update";
}

interface Difference {
    path: Path;
    kind: Kind;
    /** Whether it is in a list whose elements stand at other indices now, so that it compares unrelated elements. */
    isShifted: boolean;
}

/** The differences, with lists compared by the identities of their elements if the engine can show that. */
function differencesOf({ identities = {} }: DiffArgs, before: Values, now: Values): Difference[] {
    const names = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...names].flatMap((name) => {
        const identityOf = identities[name];
        const changes = identityOf && listChanges(before[name], now[name], identityOf, [name]);
        const isShifted = changes === undefined && identityOf !== undefined && isLists(before[name], now[name]);
        return (changes ?? changesBetween(before[name], now[name], [name])).map((change) => ({ ...change, isShifted }));
    });
}

function isLists(...values: unknown[]): boolean {
    return values.every(Array.isArray);
}

/** Leaves out what is shifted in a list if a field that decides the list shows the same change by its parts. */
function withoutShifted({ derived }: DiffArgs, now: Values, differences: readonly Difference[]): Difference[] {
    const isShownBy = (name: string): boolean =>
        Object.entries(derived).some(
            ([field, { decides = [] }]) =>
                decides.includes(name) &&
                isRecord(now[field]) &&
                differences.some(({ path }) => path[0] === field && path.length > 1),
        );
    return differences.filter(({ path, isShifted }) => !isShifted || !isShownBy(String(path[0])));
}

function pick(values: Values, fields: DiffArgs["derived"]): Values {
    return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(fields, name)));
}

function isAllIn(names: readonly string[], set: ReadonlySet<string>): boolean {
    return names.length > 0 && names.every((name) => set.has(name));
}

/** Whether a part below an added, removed or retyped value has the mark `replaces`. */
function hasMarkedPart({ schema, oldInputs, inputs }: DiffArgs, path: Path): boolean {
    return [oldInputs, inputs].some((side) =>
        markedPaths(schema, side, "replaces").some((marked) => marked.length > path.length && isWithin(marked, path)),
    );
}

/** The response of Diff with these changes. */
export function diffResponse(changes: readonly Change[]): pb.DiffResponse {
    const { DIFF_SOME, DIFF_NONE } = pb.DiffResponse.DiffChanges;
    const topLevel = (some: readonly Change[]) => [...new Set(some.map(({ path }) => String(path[0])))];
    const response = new pb.DiffResponse();
    response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
    response.setDiffsList(topLevel(changes));
    response.setReplacesList(topLevel(changes.filter(({ replaces }) => replaces)));
    response.setHasdetaileddiff(true);
    for (const { path, kind, replaces, isInput } of changes) {
        const property = new pb.PropertyDiff();
        const name = `${kind.toUpperCase() as Uppercase<Kind>}${replaces ? "_REPLACE" : ""}` as const;
        property.setKind(pb.PropertyDiff.Kind[name]);
        property.setInputdiff(isInput);
        response.getDetaileddiffMap().set(pathText(path), property);
    }
    return response;
}
