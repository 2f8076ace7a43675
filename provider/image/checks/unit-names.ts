import { listed } from "../../format";
import { unitNameProblem } from "../../systemd/portable-names";
import { nameOf, parentOf } from "../tree/paths";
import { unitDirectories, unreadUnits } from "../tree/units";
import type { Finding } from "./finding";
import type { ImageFacts } from "./image-facts";

/** Maximum number of ignored units for a warning: an operating system has hundreds of units that shouldn't be attached. */
const MAX_IGNORED = 10;
const KNOWN_SUFFIX = /\.(service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$/;

/** Finds units that portablectl wouldn't attach. */
export function unitNameFindings(facts: ImageFacts): Finding[] {
    const unread = unreadUnits(facts.tree, facts.name).map(
        ({ name, what, todo }): Finding => ({ severity: "failure", file: name, what, todo }),
    );
    const others = ignoredUnits(facts);
    if (facts.units.length === 0 && unread.length > 0) return unread;
    if (facts.units.length === 0) {
        const what = `the image has no unit of '${facts.name}', so there is nothing to attach`;
        const found = others.length === 0 ? "" : `: it has ${listed(others, MAX_IGNORED)}`;
        return [
            {
                severity: "failure",
                what: `${what}${found}`,
                todo: `Name a unit ${facts.name}.service or ${facts.name}-*.service, or set the image's \`name\``,
            },
        ];
    }
    const findings = [...unread, ...lostTemplates(facts), ...ignoredDropIns(facts)];
    if (others.length > 0 && others.length <= MAX_IGNORED) {
        findings.push({
            severity: "warning",
            what: `the image has ${others.length === 1 ? "a unit" : `${others.length} units`} that portablectl ignores, as the name isn't ${facts.name}, ${facts.name}-*, ${facts.name}.* or ${facts.name}@* with an ending that it attaches: ${listed(others, MAX_IGNORED)}`,
            todo: "Rename what shall be attached, and remove the rest",
        });
    }
    return findings;
}

/** Units in the image that portablectl doesn't attach. */
function ignoredUnits({ name, tree }: ImageFacts): string[] {
    const directories = new Set(unitDirectories(tree));
    const names = tree
        .sorted()
        .filter(([path, entry]) => entry.kind !== "directory" && directories.has(parentOf(path)))
        .map(([path]) => nameOf(path))
        .filter((unitName) => KNOWN_SUFFIX.test(unitName) && unitNameProblem(unitName, name) !== undefined);
    return [...new Set(names)].sort();
}

/** Finds drop-ins in the image, as portabled only copies unit files. */
function ignoredDropIns({ tree, units }: ImageFacts): Finding[] {
    const names = new Set(units.map(({ name }) => name));
    const directories = unitDirectories(tree);
    const found = tree
        .sorted()
        .map(([path]) => path)
        .filter((path) => {
            const directory = parentOf(path);
            const isDropIn = path.endsWith(".conf") && directory.endsWith(".d");
            return isDropIn && directories.includes(parentOf(directory)) && names.has(nameOf(directory).slice(0, -2));
        });
    return found.map((path) => ({
        severity: "warning",
        file: nameOf(parentOf(path)).slice(0, -2),
        what: `the image has the drop-in ${path}, and portablectl attaches none of an image`,
        todo: "Write its settings into the unit, or into a drop-in of the AttachedService",
    }));
}

/** Finds templates that lost their `@`, which Nix store paths can't contain. */
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
