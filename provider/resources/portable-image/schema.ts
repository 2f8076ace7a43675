import * as z from "zod";
import { connection } from "../../host/connection";
import { source } from "../../image/sources/source";
import { enumType } from "../../schema/marks";

const imageFormat = enumType("ImageFormat", "File system of an image.", {
    squashfs: "Packed by zstd; every kernel that runs portable services has it.",
    erofs: "Packed by lz4, about half as large again; needs Linux 5.13.",
});

export const inputs = z.strictObject({
    name: z.string().optional().meta({
        description:
            "Name of the image, the prefix of every unit in it; with `instance`, of the program. Default: the name of the resource.",
        replaces: true,
    }),
    instance: z.string().optional().meta({
        description:
            "Runs a second copy of the same program on one host, for example `staging` next to production. The image is renamed to `<name>-<instance>`; unit names (`hello-web.socket` becomes `hello-staging-web.socket`), references to them, state directories and `User=` are renamed to match. Listening addresses are not changed: override them with a drop-in for the socket. Not for ready images (`raw` and `nix`).",
        replaces: true,
    }),
    version: z
        .string()
        .describe("Version of what is in the image: part of its file name, so that `portablectl list` shows it."),
    source,
    format: imageFormat
        .optional()
        .describe(
            "File system of the image. squashfs is packed by zstd, and every kernel that runs portable services has it; erofs, packed by lz4, is about half as large again, and needs Linux 5.13. A ready image stays in the format it has. Default: squashfs.",
        ),
    extends: z
        .string()
        .optional()
        .describe(
            "Makes the image a system extension: the name of the image that it extends, and the prefix of the units in it. When both are attached together (`portablectl attach --extension`), the units of the extension see the image with the extension's /usr and /opt over it; the units of the image see the image alone.",
        ),
    retain: z
        .number()
        .int()
        .min(1)
        .default(2)
        .describe(
            "Number of images to keep on the host, including the current one. Rolling back to a kept image needs no upload. Attached images are always kept.",
        ),
    connection: connection.optional(),
});
export type Inputs = z.output<typeof inputs>;

export const outputs = z.strictObject({
    path: z.string().describe("Path of the image on the host: what an AttachedService takes as `image`."),
    digest: z.string().describe("SHA-256 of the image file."),
    sizeBytes: z.number().int().describe("Size of the image file in bytes."),
    sourceDigest: z.string().describe("Digest of everything that the image is made of: the same on every machine."),
    unitTexts: z
        .record(z.string(), z.string())
        .describe("Text of each unit in the image, where it is known before the build."),
    contents: z
        .record(z.string(), z.string())
        .describe(
            "What is in the image, as short lines by path or package: sizes, versions, and a digest where it matters. A directory of many files is one line.",
        ),
    retained: z.array(z.string()).describe("Paths of the images that stay on the host, the newest first."),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("Internal: identifies this resource's claim on the image file."),
    connection: connection.describe("The login that worked last."),
});
export type Outputs = z.output<typeof outputs>;
