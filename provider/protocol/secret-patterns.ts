/*
 * Forms of a secret that can't be listed: programs escape some of its characters and not others, and break long lines of
 * base64 and hex. A regular expression covers them; it is only made for a text that has a piece of the secret.
 */

/** Longer secrets are searched for as they are, and line by line. */
const LONGEST_ESCAPED = 2048;
const LONGEST_ENCODED = 8192;
/** Shorter encodings are no longer than what other texts hold by chance. */
const SHORTEST_ENCODED = 16;

export interface SearchedText {
    text: string;
    /** The text without what may stand within an encoding: see {@link joinedText}. */
    joined: string;
}

/** The text without line breaks, and without what separates pairs of hexadecimal digits. */
export function joinedText(text: string): string {
    return text.replace(/\\+[nrx]|0x|[\s:,]/g, "");
}

/** Replaces the forms of a secret that differ from it by escapes, or by line breaks within an encoding. */
export function withoutForms({ text, joined }: SearchedText, secret: string, replacement: string): string {
    let result = text;
    if (secret.length <= LONGEST_ESCAPED && /[^A-Za-z0-9]/.test(secret) && result.includes(longestRun(secret)))
        result = result.replace(escapedPattern(secret), replacement);
    // Base64, the shortest encoding, has four characters for three bytes. Most texts are shorter: nothing is encoded for them.
    if (secret.length > LONGEST_ENCODED || joined.length < (secret.length * 4) / 3) return result;
    for (const [encoded, separator] of brokenEncodings(secret))
        if (joined.includes(encoded)) result = result.replace(brokenPattern(encoded, separator), replacement);
    return result;
}

/** The longest part that no escape changes. */
function longestRun(secret: string): string {
    return secret.split(/[^A-Za-z0-9]+/).reduce((longest, run) => (run.length > longest.length ? run : longest), "");
}

function escapedPattern(secret: string): RegExp {
    return new RegExp(
        secret.replace(/(.)\1*/gsu, (run, character: string) => runPattern(character, run.length / character.length)),
        "g",
    );
}

/**
 * A character, as often as it stands there: as it is, behind backslashes, doubled, or as URLs, C, JSON and XML escape it.
 * A run is one part of the pattern, since the time of a search would grow with each choice between one and two of them.
 */
function runPattern(character: string, count: number): string {
    if (/[A-Za-z0-9]/.test(character)) return character.repeat(count);
    if (character === "\\") return `(?:\\\\{${count},}|(?:${escapesOf(character)}){${count}})`;
    return `(?:(?:\\\\*${literal(character)}){${count},${2 * count}}|(?:${escapesOf(character)}){${count}})`;
}

function escapesOf(character: string): string {
    const bytes = [...Buffer.from(character)];
    const units = [...Array(character.length).keys()].map((index) => character.charCodeAt(index));
    const point = character.codePointAt(0) ?? 0;
    const name = NAMES[character];
    return [
        bytes.map((byte) => `%${hexPattern(byte, 2)}`).join(""),
        bytes.map((byte) => `\\\\+x${hexPattern(byte, 2)}`).join(""),
        bytes.map((byte) => `\\\\+${byte.toString(8).padStart(3, "0")}`).join(""),
        units.map((unit) => `\\\\+u${hexPattern(unit, 4)}`).join(""),
        `&#0*${point};`,
        `&#[xX]0*${hexPattern(point, 1)};`,
        ...(character === " " ? ["\\+"] : []),
        ...(name === undefined ? [] : [name]),
    ].join("|");
}

/** Escapes that have a name, in C and in XML. */
const NAMES: Readonly<Record<string, string>> = {
    "\n": "\\\\+n",
    "\t": "\\\\+t",
    "\r": "\\\\+r",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
};

function hexPattern(value: number, width: number): string {
    const digits = value.toString(16).padStart(width, "0");
    return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** Encodings that tools break into lines or pairs, with what may stand between two characters of them. */
function brokenEncodings(secret: string): [encoded: string, separator: string][] {
    const bytes = Buffer.from(secret);
    const lineBreak = "(?:\\s|\\\\+[nr])*";
    const hex = bytes.toString("hex");
    const all: [string, string][] = [
        [bytes.toString("base64").replace(/=+$/, ""), lineBreak],
        // A file mostly ends in a line break, and its encoding differs at its end then.
        [Buffer.from(`${secret}\n`).toString("base64").replace(/=+$/, ""), lineBreak],
        [hex, "[\\s:,]*(?:0x|\\\\+x)?"],
        [hex.toUpperCase(), "[\\s:,]*(?:0x|\\\\+x)?"],
    ];
    return all.filter(([encoded]) => encoded.length >= SHORTEST_ENCODED);
}

function brokenPattern(encoded: string, separator: string): RegExp {
    return new RegExp([...encoded].map(literal).join(separator), "g");
}

function literal(character: string): string {
    return character.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
