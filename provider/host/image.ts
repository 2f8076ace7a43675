import { IMAGES_DIRECTORY, imageName } from "../systemd/paths";
import { ownerValues } from "./files";
import { metadataLibrary } from "./image-metadata";
import type { Owner } from "./owner";
import { hostLibrary, lockLibrary } from "./program";
import commit from "./sh/commit-image.sh";
import discard from "./sh/discard-upload.sh";
import inspect from "./sh/inspect-image.sh";
import read from "./sh/read-image.sh";
import release from "./sh/release-image.sh";
import sweep from "./sh/sweep.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile } from "./shell";

/*
 * Images on a host are immutable files. `images/<file>/<token>` in our records says who wants which;
 * a directory there without a token in it is a file that may go once nothing is attached to it.
 */

/** Defines `sweep` and `adopt`. */
export const sweepLibrary: Shell = shellFile(sweep);

/**
 * First look, before an upload of `sizeBytes` bytes: what the host is, whether the image is there already (`present
 * SHA256`), free space (`free BYTES`), a directory that the login may write to (`incoming PATH`) on the file system of
 * the images, and what the image `before` is made of (the block `chunks`), where that is known.
 */
export function lookForImage(image: { path: string; digest: string; sizeBytes: number }, before: string): Shell {
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

/** Takes away an upload that came to nothing, with the directory that was made for it. */
export function discardUpload(uploaded: string): Shell {
    return sh`${header({ uploaded })}${shellFile(discard)}`;
}

/** Longer than any upload takes: a client that is silent but there isn't waited for any longer. */
const LONGEST_UPLOAD_SECONDS = 86_400;

/** How an image comes to the host. */
export interface Arrival {
    /** Path of a file that isn't there yet. */
    uploaded: string;
    /** Made out of this image and of what the client sends; else the client uploads all of it. */
    from?: { image: string; parts: readonly Part[] };
    /** What it is made of, for the next one. */
    index: string;
}

/** Bytes of a new file: a copy of the old one's, from an offset on, or what comes next from the client. */
interface Part {
    from: "old" | "new";
    offset: number;
    length: number;
}

/**
 * Takes an image (none where it was present) into its place, by rename, once its digest is the wanted one. It is read
 * as it comes: when it hears `receiving` the client uploads to `uploaded`, and sends a line when that is done; or sends
 * what is new of it. Then it is the newest of the `retain` images that the owner wants, of which `adopted`, the path that the state has, is
 * one even if no record says so. Says `digest SHA256`, `retained PATH` for each one that stays, and `done`; then it
 * keeps what portabled says of the image, and sweeps.
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
    uploaded: arrival?.uploaded,
    from: arrival?.from?.image,
    index: arrival?.index,
    ...ownerValues(owner),
    retain,
    adopted,
    longest_upload_seconds: LONGEST_UPLOAD_SECONDS,
})}
${headerFunction("parts", partsOf(arrival))}
${lockLibrary}
${sweepLibrary}
${metadataLibrary(imageName(image.path))}
${shellFile(commit)}
`;
}

/** Puts a file together. */
function partsOf(arrival: Arrival | undefined): Shell {
    const commands = (arrival?.from?.parts ?? []).map(
        ({ from, offset, length }) => sh`${from} ${length}${from === "old" ? sh` ${offset}` : sh``}`,
    );
    return joinShell([sh`:`, ...commands], " && ");
}

/** What is there under the path: `present SHA256 BYTES`, and whether the owner's want is (`wanted`). */
export function readImage(image: { path: string }, { token }: Pick<Owner, "token">): Shell {
    return sh`${header({ image: image.path, token })}${hostLibrary}${shellFile(read)}`;
}

/**
 * Drops the owner's wants, all of them unless a later creation has one, and sweeps what is free; `adopted` too, the
 * path that the state has, where no record knows it.
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
