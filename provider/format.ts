/** `12.3` for 12,345,678 bytes. */
export function megabytes(bytes: number): string {
    return (bytes / 1e6).toFixed(1);
}

/** `a, b and 3 more`: at most `most` of the names, in their order. */
export function listed(names: readonly string[], most: number): string {
    const shown = names.slice(0, most).join(", ");
    const more = names.length - most;
    return more > 0 ? `${shown} and ${more} more` : shown;
}

/** The text with control characters escaped as in JSON, so that a name with a line feed stays on one line. */
export function printable(text: string): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters.
    return text.replace(/[\x00-\x1f\x7f]/g, (character) => JSON.stringify(character).slice(1, -1));
}

/** The text without control sequences for a terminal (ECMA-48); tabs and line ends stay. */
export function withoutControls(text: string): string {
    return (
        text
            // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters.
            .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]/g, "")
            // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters.
            .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "")
    );
}
