import { Archive, Asset, isRecord, type Path, ResourceReference, Unknown } from "../schema/values";

export type Kind = "add" | "delete" | "update";

/** The differences between two values, down to the leaves of objects and lists. An unknown value differs from every value. */
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

/**
 * The differences between two lists whose elements have identities: an element that only moved is unchanged. Undefined if they
 * can't be shown by index, since the engine looks up the old and the new value at the same index.
 */
export function listChanges(
    old: unknown,
    now: unknown,
    identityOf: (element: unknown) => string | undefined,
    path: Path,
): { path: Path; kind: Kind }[] | undefined {
    if (!Array.isArray(old) || !Array.isArray(now)) return undefined;
    const [before, after] = [old, now].map((list) => list.map(identityOf)) as [Identities, Identities];
    if ([before, after].some((list) => list.includes(undefined) || new Set(list).size < list.length)) return undefined;
    const changes: { path: Path; kind: Kind }[] = [];
    for (const [index, identity] of after.entries()) {
        const oldIndex = before.indexOf(identity);
        if (oldIndex === -1) {
            // Another element was removed from this index.
            if (index < old.length && !after.includes(before[index])) return undefined;
            changes.push({ path: [...path, index], kind: "add" });
            continue;
        }
        const differences = changesBetween(old[oldIndex], now[index], [...path, index]);
        if (differences.length > 0 && oldIndex !== index) return undefined;
        changes.push(...differences);
    }
    for (const [index, identity] of before.entries())
        if (!after.includes(identity)) changes.push({ path: [...path, index], kind: "delete" });
    return changes;
}

type Identities = (string | undefined)[];

export function isUnchanged(old: unknown, now: unknown): boolean {
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

/** Whether two sources have the same content. Their paths don't matter: the same bytes in another directory are no change. */
function isSameSource(old: Asset["source"] | Archive["source"], now: Asset["source"] | Archive["source"]): boolean {
    return old.hash !== undefined && now.hash !== undefined
        ? old.hash === now.hash
        : JSON.stringify(old) === JSON.stringify(now);
}
