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
 * Images on a host are immutable files. `images/<file>/<token>` in our records is the claim of a resource on an image;
 * an image whose directory there has no claim is deleted once it isn't attached.
 */

/** Defines `sweep` and `adopt`. */
export const sweepLibrary: Shell = shellFile(sweep);

/**
 * Inspects a host before an upload of `sizeBytes` bytes: the facts of the host, whether the image is there already
 * (`present SHA256`), the free space (`free BYTES`), and, where it is known, the chunk index of the image `before` (the
 * block `chunks`).
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

/** Longer than any upload takes: how long a connected but silent client is waited for. */
const LONGEST_UPLOAD_SECONDS = 86_400;

/** How an image gets to the host. */
export interface Arrival {
    /** The image is assembled from this one and from what the client sends; otherwise the client uploads all of it. */
    from?: { image: string; parts: readonly ImagePart[] };
    /** Its chunk index, which the next upload needs. */
    index: string;
}

/** Bytes of a new file: copied from the old one at an offset, or the next ones that the client sends. */
interface ImagePart {
    from: "old" | "new";
    offset: number;
    length: number;
}

/**
 * Renames an image into its place (it may be there already) once its digest is right. After `receiving PATH` the client
 * uploads to that path and sends a line when that is done, or sends the new parts. The image becomes the newest of the
 * `retain` images that the owner claims; `adopted`, the path in the state, is one of them even if no record names it.
 * Reports `digest SHA256`, `retained PATH` for each image that stays, and `done`; then it keeps portabled's description
 * of the image, and sweeps.
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

/** The commands that print the parts of the file in order. */
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
 * Drops the owner's claims, or only those of this creation where a later one has a claim, and sweeps what is free;
 * including `adopted`, the path in the state, where no record names it.
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
