import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import { UserError } from "../../errors";
import type { Tree } from "../tree/tree";

export interface PackOptions {
    /** Gets how many bytes of files went in. */
    onBytes?: (done: number) => void;
    signal?: AbortSignal;
}

/** The tool that packs isn't on this machine, or is too old. Everything else about the image is known without it. */
export class PackerMissing extends UserError {}

/** Makes the file of an image: the same bytes from the same tree, for everyone and everywhere. */
export interface Packer {
    /**
     * The inputs that decide the bytes besides the tree: our options and the version of the tool. Throws a
     * PackerMissing if there is no usable tool.
     */
    version(): Promise<(string | number)[]>;
    /** Packs the tree into a new file; a UserError when a file isn't what was resolved. */
    pack(tree: Tree, file: string, options?: PackOptions): Promise<void>;
}

/** A program that packs. */
export interface Tool {
    program: string;
    /** The option that makes it print its version. */
    versionOption: string;
    /** The output of the option: the first group is the version, the second and third are its numbers. */
    versionPattern: RegExp;
    /** The oldest version that can be used, and what an older one lacks. */
    oldest: [major: number, minor: number];
    missingFeature?: string;
    /** "squashfs-tools", and how it is installed. */
    name: string;
    install: string;
}

/** The version of the tool on this machine: "4.5.1". Throws a PackerMissing that says what to install. */
export async function toolVersion(tool: Tool): Promise<string> {
    const { program, versionOption, versionPattern, oldest, missingFeature, name, install } = tool;
    const [major, minor] = oldest;
    const todo = `Install ${name} ${major}.${minor} or later on the machine that runs Pulumi: ${install}`;
    const printed = await promisify(execFile)(program, [versionOption], { env: plainEnvironment() }).catch((error) => {
        if (error.code === "ENOENT") {
            throw new PackerMissing({ what: `${program}, which packs the image, is not installed`, todo });
        }
        // Some versions print it with an exit status that isn't 0.
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
