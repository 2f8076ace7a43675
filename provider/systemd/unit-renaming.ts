import { DIRECTORY_BASES } from "./exec-directories";
import { parseUnit, splitWords } from "./unit-file";

/** Rewrites unit files of a program for an instance of it, with other names of units, directories and accounts. */

/** Settings whose value names units (systemd.unit(5), systemd.service(5), systemd.socket(5), systemd.timer(5)). */
const REFERENCES = new Set([
    ...["Before", "After", "Requires", "Requisite", "Wants", "BindsTo", "BindTo", "PartOf", "Upholds", "Conflicts"],
    ...["OnFailure", "OnSuccess", "JoinsNamespaceOf", "PropagatesReloadTo", "PropagateReloadTo"],
    ...["ReloadPropagatedFrom", "PropagateReloadFrom", "PropagatesStopTo", "StopPropagatedFrom"],
    ...["Sockets", "Service", "Unit", "Also", "Alias", "WantedBy", "RequiredBy", "UpheldBy", "Slice"],
]);
/** Settings whose values are names that belong to a unit: of its user and group, and of its journal namespace. */
const OWN_NAMES = new Set(["User", "Group", "LogNamespace"]);
/** Settings that name the user or group of another unit, or one of the host. */
export const ACCOUNT_REFERENCES: ReadonlySet<string> = new Set(["SupplementaryGroups", "SocketUser", "SocketGroup"]);

/** The old and the new prefix: `hello` and `hello-staging`. */
export interface Prefixes {
    from: string;
    to: string;
}

/** Renames a unit: `hello-web@.socket` to `hello-staging-web@.socket`. */
export function renamedUnit(name: string, { from, to }: Prefixes): string {
    return to + name.slice(from.length);
}

/** Names of units and accounts that belong to a program. */
export interface OwnNames {
    /** Names of units, including aliases and slices, which are only in texts. */
    units: ReadonlySet<string>;
    /** Users and groups of the services; a DynamicUser= has the name of its unit by default (systemd.exec(5)). */
    accounts: ReadonlySet<string>;
}

/** The names in unit texts. If a text is unknown, only the unit's name is added. */
export function ownNames(texts: Iterable<readonly [name: string, text: string | undefined]>): OwnNames {
    const units = new Set<string>();
    const accounts = new Set<string>();
    for (const [name, text] of texts) {
        units.add(name);
        const assignments = text === undefined ? [] : parseUnit(text).assignments;
        for (const { key, value } of assignments) {
            if (key === "Alias" || key === "Slice") for (const unit of splitWords(value) ?? []) units.add(unit);
            if (key === "User" || key === "Group") accounts.add(value);
        }
        const isDynamic = text !== undefined && !assignments.some(({ key }) => key === "User");
        if (isDynamic && name.endsWith(".service")) accounts.add(name.slice(0, -".service".length));
    }
    return { units, accounts };
}

/** The text of a unit with the program's units, directories, users and groups renamed. */
export function renamedText(text: string, { units, accounts }: OwnNames, prefixes: Prefixes): string {
    return rewritten(text, (key, value) => {
        if (REFERENCES.has(key))
            return eachWord(value, (word) =>
                startsUnit(word, prefixes.from) && isOneOf(word, units) ? renamedUnit(word, prefixes) : word,
            );
        if (Object.hasOwn(DIRECTORY_BASES, key)) return eachWord(value, (word) => renamedDirectory(word, prefixes));
        const isOwn = (word: string) => OWN_NAMES.has(key) || (ACCOUNT_REFERENCES.has(key) && accounts.has(word));
        return eachWord(value, (word) => (isOwn(word) ? renamedName(word, prefixes) : word));
    });
}

function startsUnit(word: string, prefix: string): boolean {
    return word.startsWith(prefix) && /^[-.@]/.test(word.slice(prefix.length));
}

/** Whether the word is one of the units, an instance of one of their templates, or could be one by its specifiers. */
function isOneOf(word: string, names: ReadonlySet<string>): boolean {
    const template = word.replace(/@.*(\.[a-z]+)$/, "@$1");
    if (names.has(word) || names.has(template)) return true;
    if (!template.includes("%")) return false;
    const pattern = template.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/%./g, ".*");
    return [...names].some((name) => new RegExp(`^${pattern}$`).test(name));
}

/** Renames PATH[:SYMLINK[:FLAGS]]: `hello/a:hello-link` to `hello-staging/a:hello-staging-link`. */
function renamedDirectory(word: string, prefixes: Prefixes): string {
    return word
        .split(/(?<!\\):/)
        .map((part, index) => (index < 2 ? part.replace(/^[^/]*/, (first) => renamedName(first, prefixes)) : part))
        .join(":");
}

/** Renames `hello` and `hello-web`, but not `hellos`. */
function renamedName(name: string, { from, to }: Prefixes): string {
    return name === from || name.startsWith(`${from}-`) ? to + name.slice(from.length) : name;
}

/** Changes each word of a value, and leaves quotes and spaces as they are. */
export function eachWord(value: string, change: (word: string) => string): string {
    return value.replace(
        /(["']?)([^\s"']+)(["']?)/g,
        (_, open: string, word: string, close: string) => `${open}${change(word)}${close}`,
    );
}

/**
 * Changes the values of assignments in a text, and leaves everything else as it is. A value with several lines is changed line by
 * line, since a word can't continue on the next line.
 */
function rewritten(text: string, change: (key: string, value: string) => string): string {
    /** The key of an assignment that continues on this line. */
    let open: string | undefined;
    return text
        .split("\n")
        .map((line) => {
            if (/^\s*[#;]/.test(line)) return line;
            const equals = line.indexOf("=");
            const isHeader = /^\s*\[/.test(line);
            const key = open ?? (equals < 0 || isHeader ? "" : line.slice(0, equals).trim());
            const start = open === undefined && key !== "" ? equals + 1 : 0;
            const [, value = "", backslash = "", end = ""] = /^(.*?)(\\*)(\r?)$/s.exec(line.slice(start)) ?? [];
            open = backslash.length % 2 === 1 ? key : undefined;
            return line.slice(0, start) + (key === "" ? value : change(key, value)) + backslash + end;
        })
        .join("\n");
}
