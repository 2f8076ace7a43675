import { IMAGES_DIRECTORY, UNITS_DIRECTORY } from "../systemd/paths";
import { type Shell, sh } from "./shell";

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
 * Where an upload keeps that answer, in the records of the image: it is given while the engine goes on, and no
 * file that is named for its digest changes.
 */
export function metadataNote(image: string): Shell {
    const isOurs = image.startsWith(`${IMAGES_DIRECTORY}/`);
    return isOurs ? sh`"$records/images"/${image.slice(IMAGES_DIRECTORY.length + 1)}/.metadata` : sh`/dev/null`;
}

/** Waits, for half a second at most, where the operation that uploaded the image is still getting it. */
export function awaitMetadataNote(image: string): Shell {
    const note = metadataNote(image);
    return sh`
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -e ${note}.new ] && [ ! -e ${note} ] && ! flock -n ${UNITS_DIRECTORY} true || break
    sleep 0.02
done`;
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
