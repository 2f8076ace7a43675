import { unitNameProblem } from "../../systemd/portable-names";
import { parentOf } from "../tree/paths";
import { UNIT_DIRECTORIES } from "../tree/units";
import type { Finding } from "./finding";
import type { ImageFacts } from "./image-facts";

/** An operating system brings hundreds of units that nobody means to attach. */
const MAX_IGNORED = 10;
const KNOWN_SUFFIX = /\.(service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/;

/** Which units portablectl attaches, and which it leaves in the image. */
export function unitNameFindings(facts: ImageFacts): Finding[] {
    const others = ignoredUnits(facts);
    if (facts.units.length === 0) {
        const what = `the image has no unit of '${facts.name}', so there is nothing to attach`;
        const found = others.length === 0 ? "" : `: it has ${listed(others)}`;
        return [
            {
                severity: "failure",
                what: `${what}${found}`,
                todo: `Name a unit ${facts.name}.service or ${facts.name}-*.service, or set the image's \`name\``,
            },
        ];
    }
    const findings = lostTemplates(facts);
    if (others.length > 0 && others.length <= MAX_IGNORED) {
        findings.push({
            severity: "warning",
            what: `the image has ${others.length === 1 ? "a unit" : `${others.length} units`} that portablectl ignores, as the name isn't ${facts.name}, ${facts.name}-*, ${facts.name}.* or ${facts.name}@* with an ending that it attaches: ${listed(others)}`,
            todo: "Rename what shall be attached, and remove the rest",
        });
    }
    return findings;
}

/** Units in the image that portablectl doesn't attach. */
function ignoredUnits({ name, tree }: ImageFacts): string[] {
    const directories = new Set(UNIT_DIRECTORIES.map((each) => tree.lookup(each)?.path ?? each));
    const names = tree
        .sorted()
        .filter(([path, entry]) => entry.kind !== "directory" && directories.has(parentOf(path)))
        .map(([path]) => path.slice(path.lastIndexOf("/") + 1))
        .filter((each) => KNOWN_SUFFIX.test(each) && unitNameProblem(each, name) !== undefined);
    return [...new Set(names)].sort();
}

/** A template that lost its `@` on the way into the image (store paths of Nix can't hold one). */
function lostTemplates({ units }: ImageFacts): Finding[] {
    return units.flatMap(({ name, parsed }) => {
        const used = parsed.assignments.find(({ value }) => /(^|[^%])(%%)*%[iI]/.test(value));
        if (name.includes("@") || used === undefined) return [];
        const dot = name.lastIndexOf(".");
        return [
            {
                severity: "warning" as const,
                file: name,
                line: used.line,
                what: `${used.key}= has the instance %i, and the unit isn't a template: its name has no @`,
                todo: `Name it ${name.slice(0, dot).replace(/[-_]$/, "")}@${name.slice(dot)} if it is one, else remove the %i`,
            },
        ];
    });
}

function listed(names: string[]): string {
    const shown = names.slice(0, MAX_IGNORED).join(", ");
    return names.length > MAX_IGNORED ? `${shown} and ${names.length - MAX_IGNORED} more` : shown;
}
