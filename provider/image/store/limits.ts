/** Limits of the local store. */
export interface StoreLimits {
    /** Bytes of images. */
    maxBytes: number;
    /** Since an image was last used. */
    maxAgeMs: number;
}

const GIGABYTE = 1e9;
const DAY_MS = 86_400_000;

/** `PORTABLE_STORE_MAX_GB` (10 by default) and `PORTABLE_STORE_MAX_DAYS` (30); what isn't a number counts as not given. */
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
