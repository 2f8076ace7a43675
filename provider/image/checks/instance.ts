import { type Assignment, splitWords } from "../../systemd/unit-file";
import { DIRECTORY_BASES } from "../../systemd/unit-renaming";
import type { Finding } from "./finding";
import type { ImageFacts, ImageUnit } from "./image-facts";

/** What two instances of a program would share on a host though their units and directories have names of their own. */
export function instanceFindings(facts: ImageFacts, instanceOf: string): Finding[] {
    const directories = formerDirectories(facts, instanceOf);
    return facts.units.flatMap((unit) => [
        ...unit.parsed.assignments.flatMap((each) => pathFinding(unit, each, directories)),
        ...unit.parsed.assignments.flatMap((each) => nameFinding(unit, each, facts.name)),
    ]);
}

/** Directories that systemd made for the program, by path: what is in their place for this instance. */
function formerDirectories({ name, units }: ImageFacts, instanceOf: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const { key, value } of units.flatMap(({ parsed }) => parsed.assignments)) {
        const base = DIRECTORY_BASES[key];
        if (base === undefined) continue;
        for (const word of splitWords(value) ?? []) {
            const [first = ""] = word.split(/[/:]/);
            if (first === name || first.startsWith(`${name}-`))
                found.set(`${base}/${instanceOf}${first.slice(name.length)}`, `${base}/${first}`);
        }
    }
    return found;
}

function pathFinding(unit: ImageUnit, { key, value, line }: Assignment, directories: Map<string, string>): Finding[] {
    for (const [before, now] of directories) {
        if (!new RegExp(`(?<![\\w./-])${before.replaceAll(".", "\\.")}(?![\\w.-])`).test(value)) continue;
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

/** Names outside the program's own: only one unit of a host has them. */
function nameFinding({ name: file }: ImageUnit, { key, value, line }: Assignment, name: string): Finding[] {
    const shared = key === "BusName" ? [value] : key === "Alias" ? (splitWords(value) ?? []) : [];
    return shared
        .filter((each) => each !== "" && !(key === "Alias" && each.startsWith(name)))
        .map((each) => ({
            severity: "warning" as const,
            file,
            line,
            what: `${key}= is ${each} in every instance, and one host has that once`,
            todo: "Remove it, or make it a variable in the unit",
        }));
}
