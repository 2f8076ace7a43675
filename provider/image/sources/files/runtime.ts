import type { Tree } from "../../tree/tree";
import type { MakeArgs } from "../loaded";

/** The runtime of the user's program, which only `up` downloads or builds. */
export interface Runtime {
    /** Digest of everything that the build will add, the same on every machine. */
    key: string;
    /** Paths of the image that only the build fills. */
    filledLater: string[];
    /** Adds the parts that this machine has; faults are added to the problems of the source. */
    addKnown(tree: Tree): Promise<void>;
    /** Adds the rest. */
    build(tree: Tree, args: MakeArgs): Promise<void>;
}
