import type { Tree } from "../../tree/tree";
import type { MakeArgs } from "../loaded";

/** The runtime of the user's program, which is only downloaded or built in `up`. */
export interface Runtime {
    /** Digest of everything that the build adds, the same on every machine. */
    key: string;
    /** Paths in the image whose contents are only known after the build. */
    filledLater: string[];
    /** Adds the parts that are on this machine; failures are added to the problems of the source. */
    addKnown(tree: Tree): Promise<void>;
    /** Adds the other parts. */
    build(tree: Tree, args: MakeArgs): Promise<void>;
}
