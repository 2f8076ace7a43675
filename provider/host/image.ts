import { IMAGES_DIRECTORY, imageName } from "../systemd/paths";
import { ownerValues, parentsLibrary } from "./files";
import { metadataLibrary } from "./image-metadata";
import type { Owner } from "./owner";
import { hostLibrary, lockLibrary } from "./program";
import commit from "./sh/commit-image.sh";
import inspect from "./sh/inspect-image.sh";
import read from "./sh/read-image.sh";
import release from "./sh/release-image.sh";
import sweep from "./sh/sweep.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile } from "./shell";

/*
 * Images on a host are immutable files. The file `images/<image>/<token>` in the records is a resource's claim on an image.
 * An image whose directory there has no claim is deleted once it isn't attached.
 */

/** Defines `sweep` and `adopt`. */
export const sweepLibrary: Shell = shellFile(sweep);

/**
 * Inspects a host before an upload of `sizeBytes` bytes. Reports the facts of the host, an existing file of the image
 * (`present SHA256`), the free space (`free BYTES`), and the chunk index of the image `before` if there is one (the block
 * `chunks`).
 */
export function inspectImage(image: { path: string; digest: string; sizeBytes: number }, before: string): Shell {
    return sh`
${header({
    image: image.path,
    digest: image.digest,
    size_bytes: image.sizeBytes,
    before: isOurs(before) ? before : undefined,
})}
${hostLibrary}
${shellFile(inspect)}
`;
}

function isOurs(image: string): boolean {
    const fileName = image.slice(IMAGES_DIRECTORY.length + 1);
    return image === `${IMAGES_DIRECTORY}/${fileName}` && fileName !== "" && !fileName.includes("/");
}

/** Time limit for a connected client that sends nothing. It is longer than any upload takes. */
const LONGEST_UPLOAD_SECONDS = 86_400;

/** How an image gets to the host. */
export interface Arrival {
    /** The image from which, with the parts that the client sends, the new one is assembled. Unset for a full upload. */
    from?: { image: string; parts: readonly ImagePart[] };
    /** The image's chunk index, which the next upload needs. */
    index: string;
}

/** Bytes of a new file: copied from the old file at an offset, or the next bytes that the client sends. */
interface ImagePart {
    from: "old" | "new";
    offset: number;
    length: number;
}

/**
 * Moves an uploaded image to its path (where it may exist already) after verifying its digest. After `receiving PATH` the
 * client uploads to that path and then sends a line, or sends the new parts. The image becomes the newest of the `retain`
 * images that the owner claims; `adopted`, the path in the state, is one of them even if no record names it. Reports
 * `digest SHA256`, `retained PATH` for each image that stays, and `done`; then it stores portabled's description of the
 * image and sweeps.
 */
export function commitImage(
    image: { path: string; digest: string; sizeBytes: number },
    arrival: Arrival | undefined,
    owner: Owner,
    { retain, adopted }: { retain: number; adopted: string },
): Shell {
    return sh`
${header({
    image: image.path,
    wanted_digest: image.digest,
    size_bytes: image.sizeBytes,
    arrives: arrival === undefined ? "" : "1",
    from: arrival?.from?.image,
    index: arrival?.index,
    ...ownerValues(owner),
    retain,
    adopted,
    longest_upload_seconds: LONGEST_UPLOAD_SECONDS,
})}
${headerFunction("parts", partsOf(arrival))}
${lockLibrary}
${parentsLibrary}
${sweepLibrary}
${metadataLibrary(imageName(image.path))}
${shellFile(commit)}
`;
}

/** Commands that print the parts of the new file in order. */
function partsOf(arrival: Arrival | undefined): Shell {
    const commands = (arrival?.from?.parts ?? []).map(
        ({ from, offset, length }) => sh`${from} ${length}${from === "old" ? sh` ${offset}` : sh``}`,
    );
    return joinShell([sh`:`, ...commands], " && ");
}

/** Reports the file under the path (`present SHA256 BYTES`) and whether the owner claims it (`wanted`). */
export function readImage(image: { path: string }, { token }: Pick<Owner, "token">): Shell {
    return sh`${header({ image: image.path, token })}${hostLibrary}${shellFile(read)}`;
}

/**
 * Removes the owner's claims, or only those of this creation if a later creation has a claim, and sweeps. That includes
 * `adopted`, the path in the state, if no record names it.
 */
export function releaseImage(
    { token, nonce }: Pick<Owner, "token" | "nonce">,
    machineId: string,
    adopted: string,
): Shell {
    return sh`
${header({ token, nonce, machine_id: machineId, adopted })}
${hostLibrary}
${lockLibrary}
${sweepLibrary}
${shellFile(release)}
`;
}
