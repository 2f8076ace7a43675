import * as z from "zod";
import { asset, objectType } from "../../../schema/marks";
import { unitFile } from "../files/unit-schema";

export const oci = objectType(
    "OciSource",
    "A container image, its layers as one file system: exactly one of `archive`, `layout` and `reference`. Its ENTRYPOINT, CMD, ENV and WORKDIR become the unit `NAME.service`, NAME being the image's name, unless units are given here; it takes the place of unit files in the container image, which are used where that names no program, or a shell only. Everything in it belongs to root in the image; what its own user could read, everyone can.",
    {
        archive: z
            .string()
            .optional()
            .describe(
                "Path of what `docker save` or `podman save` writes, or of a tar of an OCI layout. A relative path starts at the program's directory.",
            ),
        layout: z
            .string()
            .optional()
            .describe("Path of a directory with an OCI layout. A relative path starts at the program's directory."),
        reference: z
            .string()
            .optional()
            .describe(
                "Name in a registry, with its digest: `ghcr.io/OWNER/hello@sha256:...`. skopeo fetches it, with the logins it has, when `up` runs.",
            ),
        tag: z.string().optional().describe("Which image, where an archive or layout holds several: `hello:1.0`."),
        architecture: z
            .string()
            .optional()
            .describe(
                "Which image, where there are several for one name, as Go names it, with its variant where it has one: `arm64`, `arm/v7`. Of older variants, which run too, the newest is taken; `arm` is `arm/v7`. Default: `amd64`, or the image that is alone.",
            ),
        units: z
            .array(z.union([z.string(), asset(), unitFile]))
            .optional()
            .describe("Unit files in place of the one made from the container image."),
        substitutions: z
            .record(z.string(), z.string())
            .optional()
            .describe("Values of the variables `@name@` in the unit files given here."),
    },
);

export type OciSource = z.output<typeof oci>;
