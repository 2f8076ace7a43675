import * as z from "zod";
import { type Sentence, UserError } from "../../errors";
import { asset, objectType } from "../../schema/marks";
import { Asset, type Path, type Previewed, pathText, UNKNOWN, Unknown } from "../../schema/values";
import { imageFormat, squashfsLength } from "../pack/superblock";
import { assetFile, LocalProblem, localFile } from "../tree/local-files";
import { downloaded, urlProblem } from "./download";
import type { Later, LoadArgs, LoadedSource, Ready } from "./loaded";
import type { Problems } from "./problems";

export async function loadRaw(source: Previewed<RawSource>, args: LoadArgs): Promise<LoadedSource> {
    const image = await locateImage(source, args.path, args.programDirectory, args.problems);
    if (image === undefined || image instanceof Unknown) return { sourceDigest: UNKNOWN };
    if (image.kind === "ready") return { sourceDigest: image.sha256, content: image };
    // For a download the declared digest is used, which is that of the file.
    const { sha256 } = source as { sha256: string };
    return { sourceDigest: sha256.toLowerCase(), content: image };
}

/** The image with its digest; UNKNOWN while it is unknown; undefined if it can't be used. */
export async function locateImage(
    source: Previewed<RawSource>,
    path: Path,
    programDirectory: string,
    problems: Problems,
): Promise<Ready | Later | Unknown | undefined> {
    if (source instanceof Unknown) return UNKNOWN;
    const { path: written, asset, url, sha256 } = source;
    const property = [...path, written === undefined ? "asset" : "path"];
    if ([written, asset, url].filter((input) => input !== undefined).length !== 1) {
        problems.add(path, { what: "A ready image is given as exactly one of `path`, `asset` and `url`" });
        return undefined;
    }
    if (typeof sha256 === "string" && !/^[0-9a-fA-F]{64}$/.test(sha256)) {
        problems.add([...path, "sha256"], { what: "A SHA-256 has 64 hexadecimal digits, as `sha256sum` prints it" });
    }
    if (url !== undefined) return remote(url, sha256, path, problems);
    if (written instanceof Unknown || asset instanceof Unknown) return UNKNOWN;
    const file = await problems.reading(property, async () => {
        const found = asset instanceof Asset ? await assetFile(asset, programDirectory) : undefined;
        const entry = found ?? (await localFile(written as string, programDirectory));
        if (!("localPath" in entry.content)) {
            throw new LocalProblem({ what: "A StringAsset can't be an image", todo: "Give the image's file" });
        }
        const problem = await imageProblem(entry.content.localPath, entry.size);
        if (problem !== undefined) throw new LocalProblem(problem);
        const ready: Ready = {
            kind: "ready",
            file: entry.content.localPath,
            sha256: entry.sha256,
            sizeBytes: entry.size,
        };
        return ready;
    });
    if (file !== undefined && typeof sha256 === "string" && file.sha256 !== sha256.toLowerCase()) {
        problems.add([...path, "sha256"], {
            what: `The image's SHA-256 is ${file.sha256}, not ${sha256.toLowerCase()}`,
            todo: "Get the right file, or correct the digest",
        });
    }
    return file;
}

/** An image that is only downloaded in `up`; before that it is identified by its digest. */
function remote(
    url: string | Unknown,
    sha256: string | Unknown | undefined,
    path: Path,
    problems: Problems,
): Later | Unknown | undefined {
    if (sha256 === undefined) {
        problems.add([...path, "sha256"], {
            what: "An image from a URL needs its SHA-256: without it nobody would notice that another file is there now",
        });
        return undefined;
    }
    if (typeof url === "string") problems.add([...path, "url"], urlProblem(url));
    if (url instanceof Unknown || sha256 instanceof Unknown) return UNKNOWN;
    return {
        kind: "later",
        async make(args) {
            const ready = await downloaded(url, sha256.toLowerCase(), args);
            const problem = await imageProblem(ready.file, ready.sizeBytes);
            if (problem === undefined) return ready;
            throw new UserError({ property: pathText([...path, "url"]), ...problem });
        },
    };
}

async function imageProblem(file: string, size: number): Promise<Sentence | undefined> {
    const format = await imageFormat(file);
    if (format === undefined) {
        return {
            what: `'${file}' is not a disk image that portablectl attaches: a squashfs, erofs, ext4, btrfs or xfs file system, or a GPT partition table`,
        };
    }
    // For a truncated image portablectl would only report a missing os-release.
    const used = format === "squashfs" ? ((await squashfsLength(file)) ?? 0) : 0;
    return used > size
        ? { what: `'${file}' is cut short: ${size} of ${used} bytes are there`, todo: "Copy or build it again" }
        : undefined;
}

export const raw = objectType("RawSource", "A ready image, used as it is: exactly one of `path`, `asset` and `url`.", {
    path: z.string().optional().describe("Path of the image. A relative one starts at the program's directory."),
    asset: asset().optional().describe("The image, as a FileAsset."),
    url: z
        .string()
        .optional()
        .describe("An https URL of the image, which `up` downloads to the machine that runs Pulumi. Needs `sha256`."),
    sha256: z.string().optional().describe("SHA-256 that the image must have, in hexadecimal."),
});

export type RawSource = z.output<typeof raw>;
