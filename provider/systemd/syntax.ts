import { quoteWord } from "./unit-sections";

/**
 * Directories in which systemd finds a program without a path, on systems with and without a merged /usr
 * (systemd.exec(5)).
 */
export const SEARCH_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Whether a boolean setting is true (systemd.syntax(7)). */
export function isYes(value: string | undefined): boolean {
    return /^(1|yes|y|true|t|on)$/i.test(value ?? "");
}

/** A command line for Exec settings whose words are literal, without specifiers and variables (systemd.service(5)). */
export function execLine(words: readonly string[]): string {
    return words
        .map((word) => {
            const literal = word.replaceAll("%", "%%").replaceAll("$", () => "$$");
            return /^[A-Za-z0-9_@%+=:,./$-]+$/.test(literal) ? literal : quoteWord(literal);
        })
        .join(" ");
}

/** Whether systemd accepts it as the name of an environment variable (env_name_is_valid); it ignores others. */
export function isVariableName(name: string): boolean {
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}
