/** A difference between two trees of plain JSON, with Pulumi's property path. Secrets and assets differ as a whole. */
export interface Difference {
    path: string;
    kind: "ADD" | "DELETE" | "UPDATE";
    /** Whether old and new inputs differ; else old outputs and inputs do. */
    input: boolean;
}

export function differences(olds: unknown, news: unknown, path = ""): Difference[] {
    if (JSON.stringify(olds) === JSON.stringify(news)) return [];
    if (olds === undefined) return [{ path, kind: "ADD", input: true }];
    if (news === undefined) return [{ path, kind: "DELETE", input: true }];
    if (!isTree(olds) || !isTree(news)) return [{ path, kind: "UPDATE", input: true }];
    return [...new Set([...Object.keys(olds), ...Object.keys(news)])].flatMap((key) =>
        differences(olds[key], news[key], below(path, key)),
    );
}

const below = (path: string, key: string) =>
    /^\w+$/.test(key) ? (path === "" ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`;

const isTree = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !("4dabf18193072939515e22adb298388d" in value);
