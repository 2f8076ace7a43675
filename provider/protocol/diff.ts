import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { z } from "zod";
import type { Derived } from "../contract";
import { isMarked, markedPaths } from "../schema/shape";
import { isWithin, type Path, pathText, valueAt } from "../schema/values";
import { changesBetween, isUnchanged, type Kind, listChanges } from "./changes";
import { Ignored } from "./ignored";

type Values = Record<string, unknown>;

export interface Change {
    path: Path;
    kind: Kind;
    replaces: boolean;
    /** Whether the engine finds the old value in the old inputs; else in the old outputs. */
    isInput: boolean;
}

export interface DiffArgs {
    schema: z.ZodType;
    /** The new inputs, with the schema's defaults. */
    oldInputs: Values;
    inputs: Values;
    /** The new inputs without defaults, as the engine shows them; `inputs` by default. */
    written?: { oldInputs: Values; inputs: Values };
    /** The old outputs, which say what is deployed: derived fields are compared with them. */
    deployed: Values;
    derived: Readonly<Record<string, Derived>>;
    /** Property paths, as in the resource option. */
    ignoreChanges: readonly string[];
    /** See the resource's members of these names. */
    canonical(inputs: Values): Values;
    identities?: Readonly<Record<string, (element: unknown) => string | undefined>>;
    /** Decisions of the resource's own hook. */
    replaces: readonly Path[];
    drift: readonly Path[];
    /** Paths at or below which the schema's `replaces` marks don't count. */
    exemptFromReplace?: readonly Path[];
}

/** The changes from old inputs to new ones, with their meaning by the schema's marks and the resource's hook. */
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

/** Whether the path lies in a field that Check adds. */
function isDerived({ derived }: DiffArgs, [name]: Path): boolean {
    return Object.hasOwn(derived, String(name));
}

/** The differences, but for those that are ignored, are only another spelling, or follow from another difference. */
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
    // Covers fields that derive from decided sources alone, too: an import or an older provider may have recorded less.
    const isDecided = ([name]: Path): boolean =>
        decided.has(String(name)) || isAllIn(fields[String(name)]?.from ?? [], decided);
    const inEffect = changesBetween(canonical(before), canonical(now));
    const hasEffect = (path: Path): boolean =>
        inEffect.some((change) => isWithin(change.path, path) || isWithin(path, change.path));
    const differences = differencesOf(args, before, now).filter(
        ({ path }) => !ignored.covers(path) && !isDecided(path) && (isDerived(args, path) || hasEffect(path)),
    );
    const differing = new Set(differences.map(({ path }) => String(path[0])));
    /** Whether a derived field has no value, such as the contents of an image that isn't built yet: it shows nothing new. */
    const isEmpty = (name: string): boolean =>
        Object.hasOwn(fields, name) && Object.keys((now[name] as object | undefined) ?? {}).length === 0;
    /** Whether the last inputs were deployed: a change of the inputs then implies the change of the derived field. */
    const wasDeployed = (name: string): boolean => changesBetween(oldInputs[name], before[name]).length === 0;
    const written = args.written ?? { oldInputs, inputs };
    /** Whether the engine can show both sides: a default has no value in the inputs. */
    const isShown = ({ path, kind }: { path: Path; kind: Kind }): boolean =>
        kind !== "update" || writtenKind(written, path) === "update";
    const isImplied = (name: string): boolean =>
        wasDeployed(name) &&
        (fields[name]?.impliedBy ?? []).some((other) => differing.has(other) && !isEmpty(other)) &&
        differences.every((change) => !fields[name]?.impliedBy?.includes(String(change.path[0])) || isShown(change));
    const shown = differences.filter(({ path }) => !isImplied(String(path[0])));
    /** A field that only a build can tell would be shown as removed, line for line, beside the change that it follows. */
    const isUnbuilt = ({ path }: { path: Path }): boolean =>
        isDerived(args, path) && now[String(path[0])] === undefined && before[String(path[0])] !== undefined;
    return (shown.every(isUnbuilt) ? shown : shown.filter((change) => !isUnbuilt(change))).map(({ path, kind }) => ({
        path,
        kind: kind === "update" && !isDerived(args, path) ? writtenKind(written, path) : kind,
        isInput: !isDerived(args, path) || changesBetween(valueAt(oldInputs, path), valueAt(before, path)).length === 0,
    }));
}

/** The kind of an update as the inputs show it: with a default on one side it is an addition or a removal. */
function writtenKind({ oldInputs, inputs }: { oldInputs: Values; inputs: Values }, path: Path): Kind {
    const [before, now] = [valueAt(oldInputs, path), valueAt(inputs, path)];
    if (before === undefined && now !== undefined) return "add";
    return before !== undefined && now === undefined ? "delete" : "update";
}

/** Lists whose elements have identities are compared by these. */
function differencesOf({ identities = {} }: DiffArgs, before: Values, now: Values): { path: Path; kind: Kind }[] {
    const names = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...names].flatMap((name) => {
        const identityOf = identities[name];
        const changes = identityOf && listChanges(before[name], now[name], identityOf, [name]);
        return changes ?? changesBetween(before[name], now[name], [name]);
    });
}

function pick(values: Values, fields: DiffArgs["derived"]): Values {
    return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(fields, name)));
}

function isAllIn(names: readonly string[], set: ReadonlySet<string>): boolean {
    return names.length > 0 && names.every((name) => set.has(name));
}

/** Whether something below an added, removed or retyped part has the mark `replaces`. */
function hasMarkedPart({ schema, oldInputs, inputs }: DiffArgs, path: Path): boolean {
    return [oldInputs, inputs].some((side) =>
        markedPaths(schema, side, "replaces").some((marked) => marked.length > path.length && isWithin(marked, path)),
    );
}

/** The changes as the engine prints them. */
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
