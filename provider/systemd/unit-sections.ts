/** Renders unit files from sections (systemd.syntax(7)). */

import { endsInBackslash } from "./unit-file";

export type UnitValue = string | number | boolean;

/**
 * Sections of a unit file: `{Service: {Environment: {NAME: "User"}, ExecStartPre: ["/bin/a", "/bin/b"]}}`. Each element of a
 * list becomes a line; an empty list resets earlier values. Only `Environment` can be a map.
 */
export type UnitSections = Record<string, Record<string, UnitValue | UnitValue[] | Record<string, UnitValue>>>;

/** Lists the values that can't be written into a unit file, each with its path in the sections and a sentence. */
export function sectionProblems(sections: UnitSections): { path: (string | number)[]; reason: string }[] {
    const problems: { path: (string | number)[]; reason: string }[] = [];
    for (const [section, keys] of Object.entries(sections)) {
        if (!/^[A-Za-z0-9-]+$/.test(section)) {
            problems.push({ path: [section], reason: `'${section}' can't be the name of a section.` });
        }
        for (const [key, value] of Object.entries(keys)) {
            const path = [section, key];
            if (!/^[A-Za-z0-9-]+$/.test(key))
                problems.push({ path, reason: `'${key}' can't be the name of a setting.` });
            if (Array.isArray(value)) {
                for (const [index, item] of value.entries()) {
                    const what = valueProblem(item);
                    if (what !== undefined) problems.push({ path: [...path, index], reason: what });
                }
            } else if (typeof value === "object") {
                if (key !== "Environment") {
                    problems.push({
                        path,
                        reason: `Only Environment takes a map of names to values; give ${key} a text, or a list of texts.`,
                    });
                }
                for (const [name, item] of Object.entries(value)) {
                    const what = variableProblem(name, item);
                    if (what !== undefined) problems.push({ path: [...path, name], reason: what });
                }
            } else {
                const what = valueProblem(value);
                if (what !== undefined) problems.push({ path, reason: what });
            }
        }
    }
    return problems;
}

function valueProblem(value: UnitValue): string | undefined {
    const text = plain(value);
    if (/[\n\r\0]/.test(text)) return "A value is one line; give a list for several lines of one setting.";
    if (endsInBackslash(text.trimEnd())) {
        return "A value can't end in a single backslash: systemd would join the next line to it.";
    }
    return undefined;
}

function variableProblem(name: string, value: UnitValue): string | undefined {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return `'${name}' can't be the name of an environment variable: letters, digits and _ only, and no digit first.`;
    }
    if (String(value).includes("\0")) return "The value of an environment variable can't hold a NUL byte.";
    return undefined;
}

/**
 * The text of a unit file or drop-in, in the order of the sections. Strings are written unchanged, so users can use specifiers
 * and quotes; values of an Environment map are literal: they are quoted, and `%` is doubled. Throws if
 * {@link sectionProblems} isn't empty.
 */
export function renderUnit(sections: UnitSections): string {
    const [problem] = sectionProblems(sections);
    if (problem !== undefined) throw new Error(`${problem.path.join(".")}: ${problem.reason}`);
    return Object.entries(sections)
        .map(([section, keys]) => {
            const lines = Object.entries(keys).flatMap(([key, value]) => render(key, value));
            return `[${section}]\n${lines.map((line) => `${line}\n`).join("")}`;
        })
        .join("\n");
}

function render(key: string, value: UnitSections[string][string]): string[] {
    if (Array.isArray(value)) return value.length === 0 ? [`${key}=`] : value.map((item) => `${key}=${plain(item)}`);
    if (typeof value !== "object") return [`${key}=${plain(value)}`];
    return Object.entries(value).map(
        ([name, item]) => `${key}=${quoteWord(`${name}=${String(item)}`.replaceAll("%", "%%"))}`,
    );
}

function plain(value: UnitValue): string {
    return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

/** A word of a value in double quotes (systemd.syntax(7), "QUOTING"), in which specifiers are still resolved. */
export function quoteWord(word: string): string {
    const escaped = word.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, (char) => {
        if (char === "\n") return "\\n";
        if (char === "\t") return "\\t";
        return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
    return `"${escaped}"`;
}
