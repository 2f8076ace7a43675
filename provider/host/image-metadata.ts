import metadata from "./sh/metadata.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/** Defines functions that ask portabled to describe an image with this name, and that find the stored description. */
export function metadataLibrary(name: string): Shell {
    return sh`${header({ name })}${shellFile(metadata)}`;
}

/** Parses a description: image, os-release, units by name; descriptions of extensions come before the units. */
export function unitsOfMetadata(metadata: string): Map<string, string> {
    const { data } = JSON.parse(metadata) as { data: unknown[] };
    const units = data.at(-1) as Record<string, number[]>;
    return new Map(
        Object.entries(units)
            .map(([unit, bytes]) => [unit, Buffer.from(bytes).toString("utf8")] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
}
