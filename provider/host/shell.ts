/** Text of a POSIX shell program in which every inserted value is quoted ({@link quote}). */
export class Shell {
    /** Only the functions below call it, so that a plain string can't be taken for a quoted one. */
    private constructor(readonly text: string) {}

    static fromTemplate(strings: TemplateStringsArray, values: readonly ShellValue[]): Shell {
        return new Shell(strings.map((part, index) => (index === 0 ? "" : insert(values[index - 1])) + part).join(""));
    }

    /** Only the import of a .sh file has the type {@link ShellFile}. */
    static ofFile(file: ShellFile): Shell {
        return new Shell(file.replace(/^\s*#.*\n/gm, ""));
    }

    static ofHeader(values: Parameters<typeof header>[0]): Shell {
        return new Shell(
            Object.entries(values)
                .map(([name, value]) => `${variableName(name)}=${quote(wordOf(name, value))}\n`)
                .join(""),
        );
    }

    static ofHeaderFunction(name: string, body: Shell): Shell {
        return new Shell(`${variableName(name)}() {\n${body.text}\n}\n`);
    }

    toString(): string {
        throw new Error("a Shell program is not a string: insert it with sh`...`, or use .text where it is sent");
    }
}

declare const isShellFile: unique symbol;

/** The text of a file of provider/host/sh. It holds no value: values are in a header before it. */
export type ShellFile = string & { readonly [isShellFile]: true };

export type ShellValue = string | number | Shell | readonly (string | number | Shell)[] | undefined;

/**
 * A shell program from a template: `${value}` becomes exactly one quoted word, an array one word for each element, a nested
 * {@link Shell} is inserted unchanged, and `undefined` inserts nothing.
 */
export function sh(strings: TemplateStringsArray, ...values: ShellValue[]): Shell {
    return Shell.fromTemplate(strings, values);
}

/**
 * Assignments of variables for a file of provider/host/sh that follows. Each value becomes one quoted word, `undefined` an
 * empty one. The elements of a list are joined by spaces, so it must be one of units, whose names have no spaces.
 */
export function header(values: Readonly<Record<string, string | number | readonly string[] | undefined>>): Shell {
    return Shell.ofHeader(values);
}

/** A function `name` of a program's header: `name COMMAND...` runs the command with these words after it. */
export function wordsFunction(name: string, words: readonly string[]): Shell {
    return Shell.ofHeaderFunction(name, sh`"$@" ${words}`);
}

/** A function of a program's header. */
export function headerFunction(name: string, body: Shell): Shell {
    return Shell.ofHeaderFunction(name, body);
}

/** The program of a file of provider/host/sh, without its comments. */
export function shellFile(file: ShellFile): Shell {
    return Shell.ofFile(file);
}

/** Programs one after another, a line each. */
export function joinShell(parts: readonly Shell[], separator: "\n" | " " | " && " = "\n"): Shell {
    const strings = Object.assign(["", ...parts.map((_, index) => (index === parts.length - 1 ? "" : separator))], {
        raw: [] as string[],
    });
    return Shell.fromTemplate(strings as unknown as TemplateStringsArray, parts);
}

function insert(value: ShellValue): string {
    if (value === undefined) return "";
    if (value instanceof Shell) return value.text;
    if (Array.isArray(value)) return value.map(insert).join(" ");
    return quote(String(value));
}

function variableName(name: string): string {
    if (!/^[a-z_]+$/.test(name)) throw new Error(`${name} isn't a name for a shell variable`);
    return name;
}

function wordOf(name: string, value: string | number | readonly string[] | undefined): string {
    if (value === undefined || typeof value === "string" || typeof value === "number") return String(value ?? "");
    const spaced = value.find((word) => /\s/.test(word) || word === "");
    if (spaced !== undefined) throw new Error(`"${spaced}" can't be a word of the list ${name}`);
    return value.join(" ");
}

/** One shell word (POSIX.1-2017, 2.2.2 Single-Quotes). A NUL byte can't be in one. */
function quote(word: string): string {
    if (word.includes("\0")) throw new Error("a NUL byte can't be part of a shell word");
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
