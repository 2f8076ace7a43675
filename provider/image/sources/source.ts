import type * as z from "zod";
import { objectType } from "../../schema/marks";
import { directory } from "./directory";
import { files } from "./files/schema";
import { closure, nix } from "./nix/schema";
import { oci } from "./oci/schema";
import { raw } from "./raw";

/** The source of an image. `loadSource` requires exactly one of its fields. */
export const source = objectType("ImageSource", "Where the image comes from: exactly one of these.", {
    files: files.optional().describe("Unit files, programs and other files that the image is made of."),
    directory: directory.optional().describe("An operating system's tree, packed as it is."),
    nix: nix.optional().describe("An image that nix builds."),
    closure: closure.optional().describe("Programs that nix builds, with all that they need, and unit files."),
    oci: oci.optional().describe("A container image."),
    raw: raw.optional().describe("A ready image."),
});

export type Source = z.output<typeof source>;
