import { entries, isWithin, type Path, Secret, valueAt } from "../schema/values";
import { joinedText, withoutForms } from "./secret-patterns";

/** The paths of the secret parts of a tree of values. */
export class SecretPaths {
    private readonly paths: Path[] = [];

    constructor(paths: Iterable<Path> = []) {
        for (const path of paths) this.add(path);
    }

    add(path: Path): void {
        if (!this.covers(path)) this.paths.push(path);
    }

    /** Whether the value at the path is within a secret. */
    covers(path: Path): boolean {
        return this.paths.some((secret) => isWithin(path, secret));
    }

    /** Whether the value at the path, a part of it, or a whole that it is part of, is secret. */
    touches(path: Path): boolean {
        return this.paths.some((secret) => isWithin(path, secret) || isWithin(secret, path));
    }

    [Symbol.iterator](): Iterator<Path> {
        return this.paths[Symbol.iterator]();
    }
}

/** Shorter strings aren't redacted: replacing them would garble every text. */
const SHORTEST = 4;
/** Shorter lines of a secret, and values in its lines, aren't redacted: they can be as common as `[Service]` or `false`. */
const SHORTEST_LINE = 10;

/** Shorter pieces of base64 and hex aren't redacted: other texts contain them by chance. */
const SHORTEST_ENCODED = 8;

/** The text with the escapes of JSON, of a shell and of a URL. */
function escapedForms(text: string): string[] {
    const percent = encodeURIComponent(Buffer.from(text).toString());
    const strict = percent.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    const lower = (escaped: string) => escaped.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [
        JSON.stringify(text).slice(1, -1),
        text.replaceAll("'", "'\\''"),
        ...[percent, strict].flatMap((escaped) => [escaped, lower(escaped), escaped.replaceAll("%20", "+")]),
    ];
}

/** The text in hex and base64, also as part of a longer text, such as `user:password` in Basic authentication. */
function encodedForms(text: string): string[] {
    const bytes = Buffer.from(text);
    const hex = bytes.toString("hex");
    const base64 = [0, 1, 2].map((before) => {
        const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
        // The first and last characters also encode bits of neighboring bytes.
        return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    });
    const url = base64.map((encoded) => encoded.replaceAll("+", "-").replaceAll("/", "_"));
    const whole = [bytes.toString("base64"), bytes.toString("base64url")];
    return [hex, hex.toUpperCase(), ...whole, ...base64, ...url];
}

const REDACTED = "[secret]";

/** Replaces secret strings in texts that leave the provider. */
export class Redactor {
    private readonly strings = new Set<string>();
    /** Those of the strings that aren't an encoding of another one. */
    private readonly secrets = new Set<string>();

    /** Adds all strings at the secret paths. */
    learn(value: unknown, secrets: Iterable<Path>): void {
        for (const path of secrets) this.learnAll(valueAt(value, path));
    }

    /** Adds all strings within the value. */
    learnAll(value: unknown): void {
        if (value instanceof Secret) this.learnAll(value.value);
        else if (typeof value === "string") this.learnText(value);
        else if (typeof value === "number") this.learnText(String(value));
        for (const [, part] of entries(value)) this.learnAll(part);
    }

    private learnText(text: string): void {
        // Messages of hosts quote single lines of what they got, and JSON, shells and URLs escape it.
        const trimmed = text.trim();
        if (trimmed.length >= SHORTEST) this.add(trimmed);
        for (const form of [text, ...escapedForms(trimmed)]) {
            if (form.trim().length >= SHORTEST) this.strings.add(form);
        }
        for (const form of encodedForms(trimmed)) if (form.length >= SHORTEST_ENCODED) this.strings.add(form);
        for (const line of text.split(/\r?\n/)) {
            if (line.trim().length >= SHORTEST_LINE) this.add(line);
            // A failing program may print the value of a line `TOKEN="..."` in an EnvironmentFile= without the rest.
            const value = /^\s*[\w.-]+\s*[=:]\s*(["']?)(.*?)\1\s*$/.exec(line)?.[2] ?? "";
            if (value.length >= SHORTEST_LINE) this.add(value);
        }
    }

    private add(secret: string): void {
        this.strings.add(secret);
        this.secrets.add(secret);
    }

    redact(text: string): string {
        const longestFirst = [...this.strings].sort((a, b) => b.length - a.length);
        const redacted = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
        const secrets = longestFirst.filter((secret) => this.secrets.has(secret));
        const joined = joinedText(redacted);
        return secrets.reduce((rest, secret) => withoutForms({ text: rest, joined }, secret, REDACTED), redacted);
    }
}
