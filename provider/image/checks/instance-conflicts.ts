import { BASE_SPECIFIERS, DIRECTORY_BASES } from "../../systemd/exec-directories";
import { type Assignment, splitWords } from "../../systemd/unit-file";
import { ACCOUNT_REFERENCES } from "../../systemd/unit-renaming";
import type { Finding } from "./finding";
import type { ImageFacts, ImageUnit } from "./image-facts";

/**
 * Finds resources that two instances of a program would share on a host although their units and directories have different
 * names.
 */
export function instanceFindings(facts: ImageFacts, instanceOf: string): Finding[] {
    const directories = formerDirectories(facts, instanceOf);
    return facts.units.flatMap((unit) =>
        unit.parsed.assignments.flatMap((assignment) => [
            ...pathFinding(unit, assignment, directories),
            ...nameFinding(unit, assignment, facts.name),
            ...directoryFinding(unit, assignment, facts.name),
            ...accountFinding(unit, assignment, facts.name, instanceOf),
        ]),
    );
}

/** Paths of the directories that systemd makes for this instance, by the paths of those for the program itself. */
function formerDirectories({ name, units }: ImageFacts, instanceOf: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const { key, value } of units.flatMap(({ parsed }) => parsed.assignments)) {
        const base = DIRECTORY_BASES[key];
        if (base === undefined) continue;
        for (const first of firstNames(value)) {
            if (isOwn(first, name)) found.set(`${base}/${instanceOf}${first.slice(name.length)}`, `${base}/${first}`);
        }
    }
    return found;
}

/** The first path component of each word: `hello` of `hello/data:link`. */
function firstNames(value: string): string[] {
    return (splitWords(value) ?? []).map((word) => word.split(/[/:]/)[0] ?? "").filter((first) => first !== "");
}

function isOwn(name: string, prefix: string): boolean {
    return name === prefix || name.startsWith(`${prefix}-`);
}

function pathFinding(unit: ImageUnit, { key, value, line }: Assignment, directories: Map<string, string>): Finding[] {
    // Resolves specifiers: %S/hello is /var/lib/hello.
    const written = value.replace(/(?<!%)%[SCLEt](?=\/)/g, (specifier) => BASE_SPECIFIERS[specifier] as string);
    for (const [before, now] of directories) {
        if (!new RegExp(`(?<![\\w./-])${before.replaceAll(".", "\\.")}(?![\\w.-])`).test(written)) continue;
        return [
            {
                severity: "warning",
                file: unit.name,
                line,
                what: `${key}= names ${before}, and the directory of this instance is ${now}`,
                todo: "Write what follows its name: $STATE_DIRECTORY and its like in Exec lines (systemd.exec(5)), %S/%N elsewhere",
            },
        ];
    }
    return [];
}

/** Reports a directory that isn't named after the program, so that it has the same name in every instance. */
function directoryFinding({ name: file }: ImageUnit, { key, value, line }: Assignment, name: string): Finding[] {
    const base = DIRECTORY_BASES[key];
    if (base === undefined) return [];
    return [...new Set(firstNames(value))]
        .filter((first) => !isOwn(first, name) && !first.includes("%"))
        .map((first) => ({
            severity: "warning",
            file,
            line,
            what: `${key}= is ${first} in every instance, and all of them share ${base}/${first}`,
            todo: "Name it after the unit, as with %N, or make it a variable in the unit",
        }));
}

/** Reports names that aren't renamed for an instance and that only one unit of a host can have. */
function nameFinding({ name: file }: ImageUnit, { key, value, line }: Assignment, name: string): Finding[] {
    const shared = key === "BusName" ? [value] : key === "Alias" ? (splitWords(value) ?? []) : [];
    return shared
        .filter((word) => word !== "" && !(key === "Alias" && word.startsWith(name)))
        .map((word) => ({
            severity: "warning" as const,
            file,
            line,
            what: `${key}= is ${word} in every instance, and one host has that once`,
            todo: "Remove it, or make it a variable in the unit",
        }));
}

/** Reports a user or group with the program's name that isn't a unit's own, so that it is the host's for every instance. */
function accountFinding(
    { name: file }: ImageUnit,
    { key, value, line }: Assignment,
    name: string,
    instanceOf: string,
): Finding[] {
    if (!ACCOUNT_REFERENCES.has(key)) return [];
    return (splitWords(value) ?? [])
        .filter((account) => isOwn(account, instanceOf) && !isOwn(account, name))
        .map((account) => ({
            severity: "warning",
            file,
            line,
            what: `${key}= is ${account} in every instance, as no unit of the image has it as its User= or Group=`,
            todo: "Make it a variable in the unit if each instance shall have its own",
        }));
}
