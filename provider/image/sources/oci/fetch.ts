import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { childEnvironment } from "../../../environment";
import { type Sentence, UserError } from "../../../errors";
import { directoryInStore } from "../../store/directories";
import type { MakeArgs } from "../loaded";
import { type Blobs, directoryBlobs } from "./blobs";
import type { Choice } from "./choose";
import { findImage, type OciImage } from "./image";
import { platformOf, platformText } from "./platform";

/** Why a reference to an image is invalid; `undefined` if it is valid. */
export function referenceProblem(reference: string): Sentence | undefined {
    if (/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}$/.test(reference)) return undefined;
    const digest = /@sha256:[0-9a-f]{64}$/.test(reference);
    return digest
        ? {
              what: `'${reference}' is not the whole name of an image: write it with its registry, as docker.io/library/nginx@sha256:DIGEST`,
          }
        : {
              what: `'${reference}' may be another image tomorrow: pin it by its digest, as NAME@sha256:DIGEST`,
              todo: `\`skopeo inspect --format '{{.Digest}}' docker://NAME\` prints it`,
          };
}

/**
 * Fetches an image by skopeo, with its configured logins, mirrors and signature policy (containers-auth.json(5),
 * containers-registries.conf(5), containers-policy.json(5)); only once, as its digest identifies it.
 */
export async function fetchImage(
    reference: string,
    choice: Choice,
    { storeDirectory, onProgress, signal }: MakeArgs,
): Promise<{ image: OciImage; blobs: Blobs }> {
    const digest = reference.slice(reference.lastIndexOf(":") + 1);
    const wanted = platformOf(choice.architecture ?? "amd64");
    const key = `reference-${digest}-${encodeURIComponent(platformText(wanted).replace("/", "-"))}`;
    const fetch = (directory: string) => {
        onProgress(`fetching ${reference}`);
        return copy(reference, wanted, directory, signal);
    };
    const directory = await directoryInStore(storeDirectory, "layers", key, fetch, signal);
    const blobs = { ...(await directoryBlobs(directory, "/")), name: reference };
    return { image: await findImage(blobs, {}), blobs };
}

async function copy(
    reference: string,
    { architecture, variant }: ReturnType<typeof platformOf>,
    directory: string,
    signal?: AbortSignal,
): Promise<void> {
    // A tag is removed if there is a digest, as skopeo accepts only one of them.
    const pinned = reference.replace(/:[\w.-]+(?=@)/, "");
    const overrides = ["--override-os", "linux", "--override-arch", architecture];
    if (architecture === "arm") overrides.push("--override-variant", variant);
    const options = [...overrides, "copy", "--quiet"];
    try {
        await promisify(execFile)("skopeo", [...options, `docker://${pinned}`, `oci:${directory}`], {
            env: childEnvironment(),
            signal,
        });
    } catch (error) {
        signal?.throwIfAborted();
        const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
        if (code === "ENOENT") {
            throw new UserError({
                what: "skopeo, which fetches container images, is not installed on the machine that runs Pulumi",
                todo: "Install it: `apt install skopeo`, `dnf install skopeo`, `brew install skopeo`; or save the image to a file and give it as `archive`",
            });
        }
        if (stderr === undefined || stderr === "") throw error;
        throw new UserError({
            what: `${reference} couldn't be fetched`,
            reported: stderr,
            todo: "Look at its name, and at the login of the registry: `skopeo login REGISTRY`",
        });
    }
}
