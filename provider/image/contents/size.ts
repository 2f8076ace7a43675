/** A size in powers of 1000, independent of the locale: `0 B`, `999 B`, `1.0 KB`, `58.2 MB`. */
export function sizeText(bytes: number): string {
    if (bytes < 1000) return `${bytes} B`;
    const [unit, divisor] = bytes < 999_950 ? ["KB", 1e3] : bytes < 999_950_000 ? ["MB", 1e6] : ["GB", 1e9];
    return `${(bytes / (divisor as number)).toFixed(1)} ${unit}`;
}

/** `1 file`, `2 files` */
export function counted(count: number, word: string): string {
    return `${count} ${word}${count === 1 ? "" : "s"}`;
}
