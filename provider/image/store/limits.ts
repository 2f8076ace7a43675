/** Limits of the local store. */
export interface StoreLimits {
    /** Total size of images. */
    maxBytes: number;
    /** Time since the last use of an image. */
    maxAgeMs: number;
}

const GIGABYTE = 1e9;
const DAY_MS = 86_400_000;

/** The limits in `PORTABLE_STORE_MAX_GB` (default: 10) and `PORTABLE_STORE_MAX_DAYS` (30). Invalid numbers are ignored. */
export function limitsOf(environment: NodeJS.ProcessEnv): StoreLimits {
    return {
        maxBytes: positive(environment.PORTABLE_STORE_MAX_GB, 10) * GIGABYTE,
        maxAgeMs: positive(environment.PORTABLE_STORE_MAX_DAYS, 30) * DAY_MS,
    };
}

function positive(text: string | undefined, otherwise: number): number {
    const number = Number(text ?? "");
    return text !== undefined && text.trim() !== "" && number >= 0 ? number : otherwise;
}
