import { type Shell, sh } from "../shell";
import { IMAGES_DIRECTORY } from "./paths";

/** What portabled finds in an image (org.freedesktop.portable1(5), GetImageMetadata), as JSON on standard output. */
export function askForMetadata(image: Shell, extensions: readonly string[], name: string): Shell {
    const call =
        extensions.length === 0
            ? ["GetImageMetadata", "sas", image, "1", name]
            : [
                  ...["GetImageMetadataWithExtensions", "sasast", image],
                  ...[String(extensions.length), ...extensions, "1", name, "0"],
              ];
    return sh`busctl --json=short call org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager ${call}`;
}

/**
 * Where an upload keeps that answer, in the records of the image: it is given while the digest is worked out, and no
 * file that is named for its digest changes.
 */
export function metadataNote(image: string): Shell {
    const isOurs = image.startsWith(`${IMAGES_DIRECTORY}/`);
    return isOurs ? sh`"$records/images"/${image.slice(IMAGES_DIRECTORY.length + 1)}/.metadata` : sh`/dev/null`;
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
