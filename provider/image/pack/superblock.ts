import { open } from "node:fs/promises";

/** The format of a disk image. */
export type ImageFormat = "squashfs" | "erofs" | "gpt" | "ext" | "btrfs" | "xfs";

/** Magic bytes of formats, in hexadecimal, with their offsets (util-linux, libblkid/src/superblocks). */
const MAGICS: [format: ImageFormat, offset: number, bytes: string][] = [
    ["squashfs", 0, "68737173"], // hsqs
    ["erofs", 1024, "e2e1f5e0"],
    ["gpt", 512, "4546492050415254"], // EFI PART, in sectors of 512 bytes
    ["gpt", 4096, "4546492050415254"], // in sectors of 4096 bytes
    ["ext", 1080, "53ef"], // ext2, ext3, ext4
    ["btrfs", 65600, "5f42485266535f4d"], // _BHRfS_M
    ["xfs", 0, "58465342"], // XFSB
];

/** The format of a disk image; undefined if it is none of them. */
export async function imageFormat(file: string): Promise<ImageFormat | undefined> {
    const handle = await open(file);
    try {
        for (const [format, offset, bytes] of MAGICS) {
            const length = bytes.length / 2;
            const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
            if (buffer.toString("hex", 0, bytesRead) === bytes) return format;
        }
        return undefined;
    } finally {
        await handle.close();
    }
}

/**
 * The length in the superblock of a squashfs (bytes_used, 64 bits at offset 40). Undefined if the file is too short for it.
 */
export async function squashfsLength(file: string): Promise<number | undefined> {
    const handle = await open(file);
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 40);
        return bytesRead < 8 ? undefined : Number(buffer.readBigUInt64LE());
    } finally {
        await handle.close();
    }
}
