import type { Derived } from "../contract";
import { UserError } from "../errors";
import { isWithin, type Path, parsePath, pathText, valueAt, withValueAt } from "../schema/values";
import { changesBetween } from "./changes";

type Values = Readonly<Record<string, unknown>>;
type DerivedFields = Readonly<Record<string, Derived>>;

/**
 * The resource option ignoreChanges, as far as the engine leaves it to the provider. Before Check the engine replaces ignored
 * inputs by the old ones, but Check then derives values from today's local files. Ignored parts must stay as they are
 * deployed, so their derived values are reset to the deployed ones here.
 */
export class Ignored {
    private readonly paths: Path[];
    private readonly isEverything: boolean;

    /** Property paths, as in the resource option. */
    constructor(ignoreChanges: readonly string[]) {
        this.isEverything = ignoreChanges.includes("*");
        this.paths = ignoreChanges.map(parsePath).filter((path) => path !== undefined);
    }

    /** Whether the value at the path is ignored as a whole. */
    covers(path: Path): boolean {
        return this.isEverything || this.paths.some((ignored) => isWithin(path, ignored));
    }

    /**
     * The derived fields, with deployed values for everything that is ignored. Throws a UserError if both ignored and other
     * parts of one digest have changed, which can't be separated.
     */
    keepDeployed(fields: DerivedFields, deployed: Values, derived: Values): Record<string, unknown> {
        const kept: Record<string, unknown> = { ...derived };
        for (const [name, field] of Object.entries(fields)) {
            if (!Object.hasOwn(deployed, name)) continue;
            for (const path of this.keptParts(field, deployed))
                kept[name] = withValueAt(kept[name], path, valueAt(deployed[name], path));
        }
        for (const [name, field] of Object.entries(fields))
            if (field.decides && this.isIgnoredInPart(field) && typeof deployed[name] === "string")
                this.keepDigest(name, fields, deployed, derived, kept);
        return kept;
    }

    /**
     * Paths within a derived field. The engine can't ignore `files["/etc/x"].content` where no `files` are deployed: it
     * says so, and all of them are new.
     */
    private keptParts(field: Derived, deployed: Values): Path[] {
        if (field.from.length > 0 && field.from.every((source) => this.covers([source]))) return [[]];
        return this.paths
            .filter((path) => path.length < 3 || valueAt(deployed, path.slice(0, -2)) !== undefined)
            .flatMap((path) => field.partsFrom?.(path) ?? []);
    }

    private isIgnoredInPart({ from }: Derived): boolean {
        return from.some(
            (source) =>
                !this.covers([source]) && this.paths.some(([first, ...rest]) => first === source && rest.length > 0),
        );
    }

    /** Keeps the deployed value of a digest if none of its parts that aren't ignored has changed. */
    private keepDigest(
        name: string,
        fields: DerivedFields,
        deployed: Values,
        derived: Values,
        kept: Record<string, unknown>,
    ): void {
        const siblings = Object.keys(fields).filter(
            (sibling) => sibling !== name && fields[sibling]?.from.join() === fields[name]?.from.join(),
        );
        const differencesOf = (values: Values) =>
            siblings.flatMap((sibling) => changesBetween(deployed[sibling], values[sibling], [sibling]));
        const isKept = differencesOf(derived).length > differencesOf(kept).length;
        if (!isKept) return;
        const others = differencesOf(kept);
        if (others.length > 0)
            throw new UserError({
                property: fields[name]?.from[0],
                what: `ignoreChanges keeps a part of it as it is deployed, but other parts have changed, too: ${others.map(({ path }) => pathText(path)).join(", ")}`,
                todo: "It is built as a whole: ignore all of it, or nothing",
            });
        kept[name] = deployed[name];
    }
}
