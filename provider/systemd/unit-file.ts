/** Parser of unit files (systemd.syntax(7), systemd.unit(5)). */

/** One assignment of a unit file. */
export interface Assignment {
    section: string;
    key: string;
    /** The value with continuation lines joined and quotes unchanged. */
    value: string;
    /** Line number of its first line, from 1. */
    line: number;
}

export interface UnitFile {
    /** Distinct names of sections, in the order of the file. */
    sections: readonly string[];
    assignments: readonly Assignment[];
    /** Lines that systemd would ignore with a warning. */
    problems: readonly { line: number; what: string }[];
}

/** Parses any text; lines that can't be parsed are in `problems`. */
export function parseUnit(text: string): UnitFile {
    const sections: string[] = [];
    const assignments: Assignment[] = [];
    const problems: { line: number; what: string }[] = [];
    let section: string | undefined;

    for (const { text: content, line } of logicalLines(text)) {
        if (content === "") continue;
        if (content.startsWith("[")) {
            section = content.endsWith("]") ? content.slice(1, -1) : undefined;
            if (section === undefined) problems.push({ line, what: `section header '${content}' has no closing ]` });
            else if (!sections.includes(section)) sections.push(section);
            continue;
        }
        const equals = content.indexOf("=");
        if (equals <= 0) problems.push({ line, what: `'${content}' is not an assignment KEY=VALUE` });
        else if (section === undefined) problems.push({ line, what: `'${content}' stands before the first section` });
        else {
            assignments.push({
                section,
                key: content.slice(0, equals).trim(),
                value: content.slice(equals + 1).trim(),
                line,
            });
        }
    }
    return { sections, assignments, problems };
}

/** Most bytes of a line, with those that continue it. systemd reads no file with a longer one (LONG_LINE_MAX). */
const MOST_BYTES_OF_LINE = 1024 * 1024 - 1;

/** The number of the first line that is too long for systemd, counted from 1. */
export function lineTooLong(text: string): number | undefined {
    if (text.length * 3 <= MOST_BYTES_OF_LINE) return undefined;
    for (const { text: content, line } of logicalLines(text))
        if (Buffer.byteLength(content) > MOST_BYTES_OF_LINE) return line;
    return undefined;
}

/** The logical lines: without comments, and with continuation lines joined by a space in place of the backslash. */
function* logicalLines(text: string): Generator<{ text: string; line: number }> {
    let open: { text: string; line: number } | undefined;
    for (const [index, raw] of text
        .replace(/^\uFEFF/, "")
        .split("\n")
        .entries()) {
        const stripped = raw.replace(/\r$/, "").trimStart();
        if (stripped.startsWith("#") || stripped.startsWith(";")) continue;
        const whole: { text: string; line: number } = {
            text: (open?.text ?? "") + stripped,
            line: open?.line ?? index + 1,
        };
        if (endsInBackslash(whole.text)) open = { ...whole, text: `${whole.text.slice(0, -1)} ` };
        else {
            open = undefined;
            yield { ...whole, text: whole.text.trim() };
        }
    }
    if (open !== undefined) yield { ...open, text: open.text.trim() };
}

/** Whether the text ends in an unescaped backslash, that is, in an odd number of backslashes. */
export function endsInBackslash(text: string): boolean {
    const run = /\\*$/.exec(text)?.[0].length ?? 0;
    return run % 2 === 1;
}

/** The effective assignments of a key: an empty one resets those before it. */
export function assignmentsOf(unit: UnitFile, section: string, key: string): Assignment[] {
    const all = unit.assignments.filter((assignment) => assignment.section === section && assignment.key === key);
    return all.slice(all.findLastIndex((assignment) => assignment.value === "") + 1);
}

/** The effective values of a key, for settings that form a list. */
export function valuesOf(unit: UnitFile, section: string, key: string): string[] {
    return assignmentsOf(unit, section, key).map((assignment) => assignment.value);
}

/** The effective value of a key with a single value: the last one. An empty value counts as unset. */
export function lastValueOf(unit: UnitFile, section: string, key: string): string | undefined {
    return valuesOf(unit, section, key).at(-1);
}

/** Whether the [Install] section has a setting for `systemctl enable`. */
export function isInstallable(unit: UnitFile): boolean {
    return ["WantedBy", "RequiredBy", "UpheldBy", "Also", "Alias"].some(
        (key) => valuesOf(unit, "Install", key).length > 0,
    );
}

/** What a socket unit listens on: `ListenStream=8080` is `{key: "ListenStream", value: "8080"}`. */
export function listensOf(unit: UnitFile): { key: string; value: string }[] {
    const keys = new Set(
        unit.assignments
            .filter((assignment) => assignment.section === "Socket" && /^Listen[A-Z]/.test(assignment.key))
            .map(({ key }) => key),
    );
    return [...keys].flatMap((key) => valuesOf(unit, "Socket", key).map((value) => ({ key, value })));
}

/**
 * Splits a value into words: removes quotes, resolves C escapes, and leaves specifiers and unknown escapes unchanged.
 * `undefined` for an unclosed quote (systemd ignores such a line).
 */
export function splitWords(value: string): string[] | undefined {
    const reader = new WordReader(value);
    const words: string[] = [];
    for (;;) {
        const word = reader.next();
        if (word === undefined) return words;
        if (word === UNBALANCED) return undefined;
        words.push(word.text);
    }
}

/** One command of an `Exec*=` line (systemd.service(5), "COMMAND LINES"). */
export interface Command {
    /** The special characters before the program: any of `@ - : + ! |`. */
    prefix: string;
    program: string;
    /** From argv[1], or from argv[0] with the prefix `@`. */
    args: string[];
}

/** The commands of an `Exec*=` value; `undefined` for an unclosed quote. */
export function splitCommands(value: string): Command[] | undefined {
    const reader = new WordReader(value);
    const commands: Command[] = [];
    let words: string[] = [];
    const end = () => {
        const [first, ...args] = words;
        words = [];
        if (first === undefined) return;
        const prefix = /^[@\-:+!|]*/.exec(first)?.[0] ?? "";
        commands.push({ prefix, program: first.slice(prefix.length), args });
    };
    for (;;) {
        const word = reader.next();
        if (word === UNBALANCED) return undefined;
        if (word === undefined) break;
        if (word.raw === ";") end();
        else words.push(word.raw === "\\;" ? ";" : word.text);
    }
    end();
    return commands;
}

const UNBALANCED = Symbol("unbalanced");
const ESCAPES: Record<string, string> = {
    a: "\x07",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
    v: "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    s: " ",
};

class WordReader {
    private position = 0;
    constructor(private readonly value: string) {}

    next(): { text: string; raw: string } | typeof UNBALANCED | undefined {
        const { value } = this;
        while (this.position < value.length && /[ \t\n\r]/.test(value[this.position] as string)) this.position++;
        if (this.position >= value.length) return undefined;
        const start = this.position;
        // Words are collected as bytes, since \xNN is a byte, not a character.
        const bytes: Buffer[] = [];
        let quote = "";
        while (this.position < value.length) {
            const char = value[this.position] as string;
            if (char === "\\") bytes.push(this.escape());
            else if (char === quote) {
                quote = "";
                this.position++;
            } else if (quote === "" && (char === '"' || char === "'")) {
                quote = char;
                this.position++;
            } else if (quote === "" && /[ \t\n\r]/.test(char)) break;
            else {
                const point = String.fromCodePoint(value.codePointAt(this.position) as number);
                bytes.push(Buffer.from(point));
                this.position += point.length;
            }
        }
        if (quote !== "") return UNBALANCED;
        return { text: Buffer.concat(bytes).toString(), raw: value.slice(start, this.position) };
    }

    private escape(): Buffer {
        const rest = this.value.slice(this.position + 1);
        const number = /^(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
        if (number !== null) {
            const [all, hex, octal, short, long] = number;
            const code =
                octal === undefined ? Number.parseInt((hex ?? short ?? long) as string, 16) : Number.parseInt(octal, 8);
            if (code !== 0 && code <= 0x10ffff) {
                this.position += 1 + all.length;
                return (hex ?? octal) === undefined ? Buffer.from(String.fromCodePoint(code)) : Buffer.from([code]);
            }
        }
        const simple = ESCAPES[rest[0] ?? ""];
        this.position += simple === undefined ? 1 : 2;
        return Buffer.from(simple ?? "\\");
    }
}
