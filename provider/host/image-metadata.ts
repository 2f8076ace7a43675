import metadata from "./sh/metadata.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/** Defines what asks portabled about an image of that name, and finds where an upload keeps the answer. */
export function metadataLibrary(name: string): Shell {
    return sh`${header({ name })}${shellFile(metadata)}`;
}

/** The answer has image, os-release, units by name; with extensions, theirs come before the units. */
export function unitsOfMetadata(metadata: string): Map<string, string> {
    const { data } = JSON.parse(metadata) as { data: unknown[] };
    const units = data.at(-1) as Record<string, number[]>;
    return new Map(
        Object.entries(units)
            .map(([unit, bytes]) => [unit, Buffer.from(bytes).toString("utf8")] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
}
