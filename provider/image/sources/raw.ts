import { open } from "node:fs/promises";
import * as z from "zod";
import { UserError } from "../../errors";
import { asset, objectType } from "../../schema/marks";
import { Asset, type Path, type Previewed, pathText, UNKNOWN, Unknown } from "../../schema/values";
import { assetFile, LocalProblem, localFile } from "../tree/local-files";
import { downloaded, urlProblem } from "./download";
import type { Later, Ready } from "./loaded";
import type { Problems } from "./problems";

/** Reads the source `raw`: the image with its digest; UNKNOWN while it isn't known; undefined when it can't be used. */
export async function loadRaw(
    source: Previewed<RawSource>,
    path: Path,
    programDirectory: string,
    problems: Problems,
): Promise<Ready | Later | Unknown | undefined> {
    if (source instanceof Unknown) return UNKNOWN;
    const { path: written, asset, url, sha256 } = source;
    const at = [...path, written === undefined ? "asset" : "path"];
    if ([written, asset, url].filter((each) => each !== undefined).length !== 1) {
        problems.add(path, "A ready image is given as exactly one of `path`, `asset` and `url`.");
        return undefined;
    }
    if (typeof sha256 === "string" && !/^[0-9a-fA-F]{64}$/.test(sha256)) {
        problems.add([...path, "sha256"], "A SHA-256 has 64 hexadecimal digits, as `sha256sum` prints it.");
    }
    if (url !== undefined) return remote(url, sha256, path, problems);
    if (written instanceof Unknown || asset instanceof Unknown) return UNKNOWN;
    const file = await problems.reading(at, async () => {
        const found = asset instanceof Asset ? await assetFile(asset, programDirectory) : undefined;
        const entry = found ?? (await localFile(written as string, programDirectory));
        if (!("localPath" in entry.content)) {
            throw new LocalProblem("A StringAsset can't be an image. Give the image's file.");
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
        problems.add(
            [...path, "sha256"],
            `The image's SHA-256 is ${file.sha256}, not ${sha256.toLowerCase()}. Get the right file, or correct the digest.`,
        );
    }
    return file;
}

/** An image that `up` downloads: until then its digest stands for it. */
function remote(
    url: string | Unknown,
    sha256: string | Unknown | undefined,
    path: Path,
    problems: Problems,
): Later | Unknown | undefined {
    if (sha256 === undefined) {
        problems.add(
            [...path, "sha256"],
            "An image from a URL needs its SHA-256: without it nobody would notice that another file is there now.",
        );
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
            throw new UserError({ property: pathText([...path, "url"]), what: problem.replace(/\.$/, "") });
        },
    };
}

/** Bytes that show what a disk image is: at an offset, in hexadecimal (util-linux, libblkid/src/superblocks). */
const MAGICS: [offset: number, bytes: string][] = [
    [0, "68737173"], // squashfs: hsqs
    [1024, "e2e1f5e0"], // erofs
    [512, "4546492050415254"], // GPT, sectors of 512 bytes: EFI PART
    [4096, "4546492050415254"], // GPT, sectors of 4096 bytes
    [1080, "53ef"], // ext2, ext3, ext4
    [65600, "5f42485266535f4d"], // btrfs: _BHRfS_M
    [0, "58465342"], // xfs: XFSB
];

async function imageProblem(file: string, size: number): Promise<string | undefined> {
    const handle = await open(file);
    try {
        const at = async (offset: number, length: number) => {
            const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
            return buffer.subarray(0, bytesRead);
        };
        const shown = await Promise.all(
            MAGICS.map(async ([offset, bytes]) => (await at(offset, bytes.length / 2)).toString("hex") === bytes),
        );
        if (!shown.includes(true)) {
            return `'${file}' is not a disk image that portablectl attaches: a squashfs, erofs, ext4, btrfs or xfs file system, or a GPT partition table.`;
        }
        // Superblock of squashfs 4.0: bytes_used is 64 bits at 40. portablectl says of a short image that it lacks os-release.
        if (shown[0] && size >= 96) {
            const used = Number((await at(40, 8)).readBigUInt64LE());
            if (used > size)
                return `'${file}' is cut short: ${size} of ${used} bytes are there. Copy or build it again.`;
        }
        return undefined;
    } finally {
        await handle.close();
    }
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
