import { parseUnit, splitWords } from "./unit-file";

/** Unit files of a program rewritten for an instance of it: other names, and directories of its own. */

/** Settings whose value names units (systemd.unit(5), systemd.service(5), systemd.socket(5), systemd.timer(5)). */
const REFERENCES = new Set([
    ...["Before", "After", "Requires", "Requisite", "Wants", "BindsTo", "BindTo", "PartOf", "Upholds", "Conflicts"],
    ...["OnFailure", "OnSuccess", "JoinsNamespaceOf", "PropagatesReloadTo", "PropagateReloadTo"],
    ...["ReloadPropagatedFrom", "PropagateReloadFrom", "PropagatesStopTo", "StopPropagatedFrom"],
    ...["Sockets", "Service", "Unit", "Also", "Alias", "WantedBy", "RequiredBy", "UpheldBy"],
]);
/** Where systemd makes the directories of a service, by setting (systemd.exec(5), table 2). */
export const DIRECTORY_BASES: Readonly<Record<string, string>> = {
    StateDirectory: "/var/lib",
    CacheDirectory: "/var/cache",
    LogsDirectory: "/var/log",
    ConfigurationDirectory: "/etc",
    RuntimeDirectory: "/run",
};
/** Settings whose value is one name of a user or group. */
const USERS = new Set(["User", "Group"]);

/** What a prefix becomes: `hello` and `hello-staging`. */
export interface Prefixes {
    from: string;
    to: string;
}

/** `hello-web@.socket` as `hello-staging-web@.socket`. */
export function renamedUnit(name: string, { from, to }: Prefixes): string {
    return to + name.slice(from.length);
}

/** What units are called: their names, and the aliases in their texts, which two instances can't both have. */
export function unitNames(names: Iterable<string>, texts: Iterable<string>): Set<string> {
    const found = new Set(names);
    for (const text of texts) {
        for (const { key, value } of parseUnit(text).assignments) {
            if (key === "Alias") for (const alias of splitWords(value) ?? []) found.add(alias);
        }
    }
    return found;
}

/** The text of a unit with all that names one of `names`, and its directories and users, renamed. */
export function renamedText(text: string, names: ReadonlySet<string>, prefixes: Prefixes): string {
    return rewritten(text, (key, value) => {
        if (REFERENCES.has(key))
            return eachWord(value, (word) =>
                startsUnit(word, prefixes.from) && isOneOf(word, names) ? renamedUnit(word, prefixes) : word,
            );
        if (Object.hasOwn(DIRECTORY_BASES, key)) return eachWord(value, (word) => renamedDirectory(word, prefixes));
        return USERS.has(key) ? eachWord(value, (word) => renamedName(word, prefixes)) : value;
    });
}

function startsUnit(word: string, prefix: string): boolean {
    return word.startsWith(prefix) && /^[-.@]/.test(word.slice(prefix.length));
}

/** Whether it is one of the units, an instance of a template of them, or could be one by its specifiers. */
function isOneOf(word: string, names: ReadonlySet<string>): boolean {
    const template = word.replace(/@.*(\.[a-z]+)$/, "@$1");
    if (names.has(word) || names.has(template)) return true;
    if (!template.includes("%")) return false;
    const pattern = template.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/%./g, ".*");
    return [...names].some((name) => new RegExp(`^${pattern}$`).test(name));
}

/** `hello/a:hello-link` as `hello-staging/a:hello-staging-link`: PATH[:SYMLINK[:FLAGS]]. */
function renamedDirectory(word: string, prefixes: Prefixes): string {
    return word
        .split(/(?<!\\):/)
        .map((part, index) => (index < 2 ? part.replace(/^[^/]*/, (first) => renamedName(first, prefixes)) : part))
        .join(":");
}

/** `hello` and `hello-web`, not `hellos`. */
function renamedName(name: string, { from, to }: Prefixes): string {
    return name === from || name.startsWith(`${from}-`) ? to + name.slice(from.length) : name;
}

/** Each word of a value changed, quotes around it and the space between words left as they are. */
export function eachWord(value: string, change: (word: string) => string): string {
    return value.replace(
        /(["']?)([^\s"']+)(["']?)/g,
        (_, open: string, word: string, close: string) => `${open}${change(word)}${close}`,
    );
}

/**
 * The text with the values of its assignments changed, and everything else as it was. A value on several lines comes
 * in parts, as no word lasts longer than a line.
 */
function rewritten(text: string, change: (key: string, value: string) => string): string {
    /** Of the line before, which goes on. */
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
