import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import { UserError } from "../../errors";
import type { Tree } from "../tree/tree";

export interface PackOptions {
    /** Called with the number of packed bytes of files. */
    onBytes?: (done: number) => void;
    signal?: AbortSignal;
}

/** The packer's tool isn't installed, or is too old. Everything else about the image is known without it. */
export class PackerMissing extends UserError {}

/** Packs a tree into an image file: the same tree results in the same bytes for every user on every machine. */
export interface Packer {
    /**
     * The inputs that the bytes depend on besides the tree: the options and the version of the tool. Throws PackerMissing if
     * there is no usable tool.
     */
    version(): Promise<(string | number)[]>;
    /** Packs the tree into a new file; throws a UserError if a file isn't the resolved one. */
    pack(tree: Tree, file: string, options?: PackOptions): Promise<void>;
}

/** The program of a packer. */
export interface Tool {
    program: string;
    /** The option that makes it print its version. */
    versionOption: string;
    /** Pattern of that output: the first group is the version, the second and third are its numbers. */
    versionPattern: RegExp;
    /** The oldest supported version, and what older ones lack. */
    oldest: [major: number, minor: number];
    missingFeature?: string;
    /** Name of the package, "squashfs-tools", and how to install it. */
    name: string;
    install: string;
}

/** The version of the tool on this machine: "4.5.1". Throws PackerMissing with the package to install. */
export async function toolVersion(tool: Tool): Promise<string> {
    const { program, versionOption, versionPattern, oldest, missingFeature, name, install } = tool;
    const [major, minor] = oldest;
    const todo = `Install ${name} ${major}.${minor} or later on the machine that runs Pulumi: ${install}`;
    const printed = await promisify(execFile)(program, [versionOption], { env: plainEnvironment() }).catch((error) => {
        if (error.code === "ENOENT") {
            throw new PackerMissing({ what: `${program}, which packs the image, is not installed`, todo });
        }
        // Some versions print it with a non-zero exit status.
        return error as { stdout?: string; stderr?: string };
    });
    const [, found, ...numbers] = versionPattern.exec(`${printed.stdout ?? ""}${printed.stderr ?? ""}`) ?? [];
    const [foundMajor = 0, foundMinor = 0] = numbers.map(Number);
    const isRecent = foundMajor > major || (foundMajor === major && foundMinor >= minor);
    if (found !== undefined && isRecent) return found;
    throw new PackerMissing({
        what: `${program} ${found ?? "of unknown version"} is too old to pack the image${missingFeature === undefined ? "" : `: ${missingFeature}`}`,
        todo,
    });
}
