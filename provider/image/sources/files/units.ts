import { Asset, type Path, type Previewed, UNKNOWN, Unknown } from "../../../schema/values";
import { unitNameProblem } from "../../../systemd/portable-names";
import { assetText, localText } from "../../tree/local-files";
import { join } from "../../tree/paths";
import { type Tree, textEntry } from "../../tree/tree";
import { unitDirectories } from "../../tree/units";
import type { Problems } from "../problems";
import type { FilesSource } from "./schema";

/** The directory of units in the image. */
const UNITS_DIRECTORY = "/usr/lib/systemd/system";

/** A unit in the inputs. */
export interface GivenUnit {
    name: string;
    text: string | Unknown;
    path: Path;
    /** Whether a variable has no value, so that the programs of the unit are unknown. */
    broken?: boolean;
}

export interface GivenUnits {
    list: GivenUnit[];
    /** Whether all names are known; texts may still be unknown. */
    complete: boolean;
}

/**
 * Reads `units` of a source, and replaces variables by `substitutions` and by the `values` of the source itself.
 */
export async function loadUnits(
    source: { [K in "units" | "substitutions"]?: Previewed<FilesSource[K]> },
    path: Path,
    programDirectory: string,
    problems: Problems,
    values: Readonly<Record<string, string>> = {},
): Promise<GivenUnits> {
    const units = await readUnits(source.units ?? [], [...path, "units"], programDirectory, problems);
    for (const unit of units.list) if (typeof unit.text === "string") unit.text = withValues(unit.text, values);
    substitute(units.list, source.substitutions ?? {}, [...path, "substitutions"], units.allRead, problems);
    return units;
}

/** Replaces the variables `@name@` that have a value in a text. */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
    return text.replace(VARIABLE, (all, name: string) =>
        Object.hasOwn(values, name) ? (values[name] as string) : all,
    );
}

/** Adds units to the image. Returns their texts by name. */
export function addUnits(
    units: readonly GivenUnit[],
    prefix: string | undefined,
    tree: Tree,
    problems: Problems,
): Record<string, string | Unknown> {
    const texts: Record<string, string | Unknown> = {};
    for (const { name, text, path: property } of units) {
        problems.add(property, unitNameProblem(name, prefix));
        if (Object.hasOwn(texts, name)) {
            problems.add(property, { what: `There are two units '${name}'`, todo: "Remove one of them" });
            continue;
        }
        texts[name] = text;
        if (typeof text === "string") problems.add(property, tree.add(join(UNITS_DIRECTORY, name), textEntry(text)));
    }
    return texts;
}

/** Adds units to an image, and removes its units of the same names from all directories in which systemd finds units. */
export function replaceUnits(
    units: readonly GivenUnit[],
    prefix: string | undefined,
    tree: Tree,
    problems: Problems,
): Record<string, string | Unknown> {
    for (const { name } of units) for (const directory of unitDirectories(tree)) tree.remove(join(directory, name));
    return addUnits(units, prefix, tree, problems);
}

async function readUnits(
    source: Previewed<FilesSource["units"]>,
    path: Path,
    programDirectory: string,
    problems: Problems,
): Promise<{ list: GivenUnit[]; complete: boolean; allRead: boolean }> {
    if (source instanceof Unknown) return { list: [], complete: false, allRead: false };
    const list: GivenUnit[] = [];
    let complete = true;
    for (const [index, unit] of source.entries()) {
        const property = [...path, index];
        const add = async (name: string, read: () => Promise<string | Unknown>) => {
            const text = await problems.reading(property, read);
            if (text !== undefined) list.push({ name, text, path: property });
        };
        if (unit instanceof Unknown) complete = false;
        else if (typeof unit === "string") await add(baseName(unit), () => localText(unit, programDirectory));
        else if (unit instanceof Asset) {
            const name = unit.source.path ?? unit.source.uri;
            if (name === undefined) {
                problems.add(property, {
                    what: "A StringAsset has no file name",
                    todo: 'Write { name: "hello.service", text: ... } instead',
                });
            } else await add(baseName(name), () => assetText(unit, programDirectory));
        } else {
            const { name, text, asset } = unit;
            if ((text === undefined) === (asset === undefined)) {
                problems.add(property, { what: "A unit has exactly one of `text` and `asset`" });
            } else if (name instanceof Unknown) complete = false;
            else {
                await add(name, async () => {
                    if (text !== undefined) return text;
                    return asset instanceof Asset ? assetText(asset, programDirectory) : UNKNOWN;
                });
            }
        }
    }
    return { list, complete, allRead: list.length === source.length };
}

function baseName(path: string): string {
    return path.split(/[\\/]/).at(-1) as string;
}

const VARIABLE = /@([A-Za-z_][A-Za-z0-9_]*)@/g;

/** Substitutes `@name@` in the units in one pass, so that values aren't searched again. */
function substitute(
    units: GivenUnit[],
    values: Previewed<Record<string, string>>,
    path: Path,
    allRead: boolean,
    problems: Problems,
): void {
    const used = new Set<string>();
    const allKnown = allRead && !units.some((unit) => unit.text instanceof Unknown);
    for (const unit of units) {
        if (unit.text instanceof Unknown) continue;
        const names = new Set([...unit.text.matchAll(VARIABLE)].map((match) => match[1] as string));
        let isKnown = true;
        for (const name of names) {
            used.add(name);
            const value = values instanceof Unknown ? values : Object.hasOwn(values, name) ? values[name] : undefined;
            if (value instanceof Unknown) isKnown = false;
            else if (value === undefined) {
                unit.broken = true;
                problems.add(unit.path, {
                    what: `Unit '${unit.name}' has @${name}@, and \`substitutions\` has no '${name}'`,
                    todo: `Add it (as "@${name}@" to keep the text)`,
                });
            }
        }
        if (!isKnown) unit.text = UNKNOWN;
        else if (!(values instanceof Unknown)) {
            unit.text = withValues(unit.text, values as Record<string, string>);
        }
    }
    if (values instanceof Unknown || !allKnown) return;
    for (const name of Object.keys(values)) {
        if (!used.has(name))
            problems.add([...path, name], { what: `No unit has @${name}@`, todo: "Remove it, or correct the name" });
    }
}
