import type { Component, Resource } from "../contract";
import { UserError } from "../errors";
import { isWithin, type Path, parsePath, pathText } from "../schema/values";

/* The resource options ignoreChanges and replaceOnChanges of a component, whose paths the engine applies to its children. */

/**
 * Throws a UserError if a path is one that no child can have. The engine doesn't tell a component its earlier inputs, so that
 * nothing of them could be kept.
 */
export function refusePaths(component: Component, option: string, paths: readonly string[]): void {
    for (const text of paths) {
        const path = parsePath(text) ?? [];
        const name = String(path[0]);
        if (!Object.hasOwn(component.ownInputs ?? {}, name)) continue;
        const example = component.ownInputs?.[name];
        if (example !== undefined && path.length > 1) continue;
        throw new UserError({
            property: name,
            what: `${option} has no effect on it, as a component isn't told its earlier inputs`,
            todo:
                example === undefined
                    ? `Take ${text} out of ${option}`
                    : `Take ${text} out of ${option}, or name a member, such as ${example}`,
        });
    }
}

/** The paths for a child. `members` are inputs of the child that are members of an input of the component, by their path there. */
export function pathsForChild(
    paths: readonly string[],
    resource: Resource,
    members: Readonly<Record<string, Path>> = {},
): string[] {
    return paths.flatMap((text) => {
        if (text === "*") return [text];
        const path = parsePath(text) ?? [];
        const member = Object.entries(members).find(([, from]) => isWithin(path, from));
        if (member !== undefined) return [pathText([member[0], ...path.slice(member[1].length)])];
        return Object.hasOwn(resource.inputs.shape, String(path[0])) ? [text] : [];
    });
}
