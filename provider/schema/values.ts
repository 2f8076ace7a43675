/**
 * Pulumi's value model as types. The protocol decodes values to them, so that other code never handles the wire's signatures.
 */

/** A value that is only known in `up`, such as an output of a resource that isn't created yet. */
export class Unknown {
    private constructor() {}
    static readonly value = new Unknown();
}

export const UNKNOWN = Unknown.value;

/** T in Check and previews, where any part may be unknown. */
export type Previewed<T> =
    | Unknown
    | (T extends Asset | Archive
          ? T
          : T extends readonly (infer E)[]
            ? Previewed<E>[]
            : T extends object
              ? { [K in keyof T]: Previewed<T[K]> }
              : T);

/** An object that is itself known, but whose members may be unknown: the inputs of a resource. */
export type PreviewedObject<T> = { [K in keyof T]: Previewed<T[K]> };

/** Marks a value that must be encrypted in the state. Resources wrap values that they derive from a secret. */
export class Secret<T = unknown> {
    constructor(readonly value: T) {}
}

/** A file, a text or a URL (pulumi.asset.*). In Diff it only has the hash. */
export class Asset {
    constructor(readonly source: { hash?: string; path?: string; text?: string; uri?: string }) {}
}

/** A directory or archive file (pulumi.asset.*Archive). In Diff it only has the hash. */
export class Archive {
    constructor(
        readonly source: { hash?: string; path?: string; uri?: string; assets?: Record<string, Asset | Archive> },
    ) {}
}

/** A resource in place of a value. No input accepts one; it is decoded so that the error can say so. */
export class ResourceReference {
    constructor(readonly reference: { urn: string; id?: string | Unknown; packageVersion?: string }) {}
}

export type Path = readonly (string | number)[];

/** `files["/etc/x"].mode`, as Pulumi writes a property path. */
export function pathText(path: Path): string {
    return path
        .map((part, index) =>
            typeof part === "number"
                ? `[${part}]`
                : /^[A-Za-z_$][\w$]*$/.test(part)
                  ? `${index === 0 ? "" : "."}${part}`
                  : `["${part.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"]`,
        )
        .join("");
}

/** Whether `path` is `ancestor` or lies below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
    return ancestor.length <= path.length && ancestor.every((part, index) => part === path[index]);
}

/** Whether the value is a plain object, not one of the classes above. */
export function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value at `path` in a tree of plain objects and arrays; `undefined` if there is none. */
export function valueAt(value: unknown, path: Path): unknown {
    return path.reduce<unknown>(
        (pathSoFar, part) =>
            Array.isArray(pathSoFar)
                ? pathSoFar[part as number]
                : isRecord(pathSoFar) && Object.hasOwn(pathSoFar, part)
                  ? pathSoFar[part]
                  : undefined,
        value,
    );
}

/** The paths of all parts of a value that are unknown. */
export function unknownPaths(value: unknown, path: Path = []): Path[] {
    if (value instanceof Unknown) return [path];
    return entries(value).flatMap(([key, part]) => unknownPaths(part, [...path, key]));
}

export function containsUnknown(value: unknown): boolean {
    return value instanceof Unknown || entries(value).some(([, part]) => containsUnknown(part));
}

/** The members of a plain object or array; empty for other values. */
export function entries(value: unknown): [string | number, unknown][] {
    return Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : [];
}

/** Returns a value that must be defined; throws an error, which is a defect, if it isn't. */
export function present<T>(value: T | undefined, name: string): T {
    if (value === undefined) throw new Error(`${name} is missing`);
    return value;
}

/** A copy of a tree of plain objects with `value` at `path`; undefined removes the member. */
export function withValueAt(tree: unknown, path: Path, value: unknown): unknown {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    const members = isRecord(tree) ? tree : {};
    const member = withValueAt(Object.hasOwn(members, key) ? members[key] : undefined, rest, value);
    const { [key]: _, ...others } = members;
    return member === undefined ? others : { ...others, [key]: member };
}

/** The path that {@link pathText} writes; undefined for other texts. */
export function parsePath(text: string): Path | undefined {
    const path: (string | number)[] = [];
    const token = /^(?:\.?([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\])/;
    for (let rest = text; rest !== ""; ) {
        const match = token.exec(rest);
        if (match === null) return undefined;
        const [whole, name, index, quoted] = match;
        path.push(index === undefined ? (name ?? quoted?.replace(/\\(.)/g, "$1") ?? "") : Number(index));
        rest = rest.slice(whole.length);
    }
    return path;
}
