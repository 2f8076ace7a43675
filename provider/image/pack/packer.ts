import { UserError } from "../../errors";
import type { Tree } from "../tree/tree";

export interface PackOptions {
    /** Gets how many bytes of files went in. */
    onBytes?: (done: number) => void;
    signal?: AbortSignal;
}

/** The tool that packs isn't on this machine, or is too old: all else about the image can be told without it. */
export class PackerMissing extends UserError {}

/** Makes the file of an image: the same bytes from the same tree, for everyone and everywhere. */
export interface Packer {
    /** What decides the bytes besides the tree: our options and the tool's version. A PackerMissing where there is none to use. */
    version(): Promise<(string | number)[]>;
    /** Packs the tree into a new file; a UserError when a file isn't what was resolved. */
    pack(tree: Tree, file: string, options?: PackOptions): Promise<void>;
}
