import * as z from "zod";
import { objectType } from "../../../schema/marks";
import { files } from "../files/schema";

const nixPlace = {
    file: z
        .string()
        .optional()
        .describe("A file with a Nix expression, as `nix-build` takes it: then installables are attributes of it."),
    expression: z
        .string()
        .optional()
        .describe("A Nix expression: then installables are attributes of it. Its relative paths start at `directory`."),
    directory: z
        .string()
        .optional()
        .describe(
            "Directory that nix works in. A relative path starts at the program's directory. Default: that itself.",
        ),
    arguments: z
        .array(z.string())
        .optional()
        .describe('Further arguments of `nix`: ["--override-input", "nixpkgs", "nixpkgs/nixos-25.11"].'),
};
export const nix = objectType(
    "NixSource",
    "An image that nix builds on the machine that runs Pulumi, as `pkgs.portableService` of nixpkgs does: the output is a `.raw` file, or a directory that holds one. A preview evaluates and doesn't build.",
    {
        installable: z
            .string()
            .optional()
            .describe(
                'What to build: ".#hello" of the flake in `directory`, "github:OWNER/REPOSITORY#hello"; with `file` or `expression` an attribute path.',
            ),
        ...nixPlace,
    },
);

export type NixSource = z.output<typeof nix>;

export const closure = objectType(
    "ClosureSource",
    "An image made of programs that nix builds on the machine that runs Pulumi, with all that they need from the store, and of unit files: for packages that have no image of their own. Files that portablectl and most programs expect (os-release, machine-id, ...) are added automatically.",
    {
        programs: z
            .record(z.string(), z.string())
            .describe(
                'Programs by variable: with { hello: "nixpkgs#hello" }, `@hello@` is the store path of hello in unit files, in `content` and `symlink` of the tree, and in substitutions.',
            ),
        ...nixPlace,
        units: files.shape.units,
        tree: files.shape.tree,
        substitutions: files.shape.substitutions,
    },
);

export type ClosureSource = z.output<typeof closure>;
