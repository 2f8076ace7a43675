import * as z from "zod";
import { anyType, asset, objectType } from "../../schema/marks";

const value = z.union([z.string(), z.number(), z.boolean()]);

/** The unit types of systemd.unit(5). */
export const unitName = z
    .string()
    .regex(
        /^[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|path|target|mount|automount|swap|slice|scope|device)$/,
        "isn't the name of a unit: it needs a suffix such as .service or .socket, and only letters, digits and : - _ . \\ @",
    )
    .max(253, "is too long for a unit with drop-ins: the name of their directory may have 255 characters");

/** The file name of a drop-in, without a directory. */
export const dropInName = z
    .string()
    .regex(
        /^(?!\.)[A-Za-z0-9:_.@-]+\.conf$/,
        "isn't the file name of a drop-in: it must end in .conf, without a directory, and systemd reads none that begins with a dot",
    )
    .max(255, "is too long: the name of a file may have 255 characters");

export const sections = z
    .record(z.string(), z.record(z.string(), anyType(z.union([value, z.array(value), z.record(z.string(), value)]))))
    .describe(
        'Settings by section: `{ Service: { Environment: { NAME: "User" }, BindReadOnlyPaths: ["/etc/hello"] } }`. A list is one line each, an empty list resets what the unit says; only Environment takes a map, whose values are taken literally.',
    );

/** The highest number of a user or group; the next one means none (chown(2)). */
const MOST_ACCOUNT_NUMBER = 2 ** 32 - 2;

/** A name or a number. Control characters are refused, as a line break would add a line to a record. */
function accountName(kind: "user" | "group") {
    return z
        .string()
        .regex(/^(?!\+)[^\s:/\p{Cc}]+$/u, `isn't the name or number of a ${kind}`)
        .refine((name) => !/^\d+$/.test(name) || Number(name) <= MOST_ACCOUNT_NUMBER, {
            error: `is no number of a ${kind}: the highest is ${MOST_ACCOUNT_NUMBER}`,
        });
}

const hostFile = objectType("HostFile", "A file on the host. Give `content` or `asset`.", {
    content: z.string().optional().describe("Text of the file."),
    asset: asset().optional().describe("A local file, or a text, to copy to the host byte for byte."),
    mode: z
        .string()
        .regex(/^0[0-7]{3}$/, "isn't a mode: four octal digits such as 0644")
        .default("0644")
        .describe("Access rights, four octal digits. For a secret: 0600, or 0640 with a group."),
    owner: accountName("user").default("root").describe("User that owns the file, by name or number."),
    group: accountName("group").default("root").describe("Group of the file, by name or number."),
});

export type HostFileInput = z.output<typeof hostFile>;

export const hostFiles = z
    .record(
        z
            .string()
            .regex(/^[^\p{Cc}\u2028\u2029]*$/u, "has a control character, such as a line break, in it")
            .regex(/^\/(?!.*(\/\/|\/\.{1,2}(\/|$))).*[^/]$/, "isn't an absolute path of a file"),
        hostFile,
    )
    .describe(
        "Files on the host that the unit needs, by absolute path. Missing directories are made, and removed again when empty.",
    );
