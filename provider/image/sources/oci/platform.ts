/** The platform of an image in the terms of the OCI image specification (GOOS and GOARCH of Go). */
export interface Platform {
    os: string;
    architecture: string;
    /** "v7" of arm/v7; unset if an architecture has no variants, or if it is the oldest or usual one. */
    variant?: string | null;
}

interface Normalized extends Platform {
    variant: string;
}

/** Other names of architectures that containerd accepts (its package `platforms`, normalizeArch). */
const OTHER_NAMES: Record<string, string> = {
    x86_64: "amd64",
    "x86-64": "amd64",
    aarch64: "arm64",
    i386: "386",
    i486: "386",
    i586: "386",
    i686: "386",
    x86: "386",
    armhf: "arm/v7",
    armel: "arm/v6",
};
/** The default variants of containerd. */
const USUAL_VARIANTS: Record<string, string> = { amd64: "v1", arm: "v7", arm64: "v8" };

/** The platform in containerd's canonical form: `aarch64` is arm64, `arm` is arm/v7. */
function normalized({ os, architecture, variant }: Platform): Normalized {
    const lower = architecture.toLowerCase();
    const [name = "", implied = ""] = (OTHER_NAMES[lower] ?? lower).split("/");
    const wantedVariant = (variant || implied).toLowerCase().replace(/^(?=\d)/, "v");
    return {
        os: os.toLowerCase(),
        architecture: name,
        variant: wantedVariant === "" ? (USUAL_VARIANTS[name] ?? "") : wantedVariant,
    };
}

/** Parses `architecture` of the source: `arm64`, `arm/v7`, `linux/arm/v7`. */
export function platformOf(written: string): Normalized {
    const [architecture = "", variant] = written.replace(/^linux\//, "").split("/");
    return normalized({ os: "linux", architecture, variant });
}

/** The platform as text: `arm/v7`, `amd64`; with the system if it isn't Linux, `windows/amd64`. */
export function platformText(platform: Platform): string {
    const { os, architecture, variant } = normalized(platform);
    const isUsual = variant === "" || (architecture !== "arm" && variant === USUAL_VARIANTS[architecture]);
    return [...(os === "linux" ? [] : [os]), architecture, ...(isUsual ? [] : [variant])].join("/");
}

/**
 * How well an image of one platform fits another: 0 is best, undefined if it can't run. As in containerd (its package
 * `platforms`, Only), an older variant runs on a newer processor, and the newest of them is best. Other architectures that may
 * run (386 on amd64) don't fit, as the host may not be configured for them.
 */
export function fitOf(image: Platform, wanted: Platform): number | undefined {
    const [has, needs] = [normalized(image), normalized(wanted)];
    if (has.os !== needs.os || has.architecture !== needs.architecture) return undefined;
    if (has.variant === needs.variant) return 0;
    const distance = numberOf(needs.variant) - numberOf(has.variant);
    return distance > 0 ? distance : undefined;
}

/** The number of a variant: 7 of "v7", 8.2 of "v8.2"; NaN for others. */
function numberOf(variant: string): number {
    return Number(/^v(\d+(\.\d+)?)$/.exec(variant)?.[1] ?? Number.NaN);
}
