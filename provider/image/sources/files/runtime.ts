import type { Tree } from "../../tree/tree";
import type { MakeArgs } from "../loaded";

/** What runs the user's program, fetched or built only by `up`. */
export interface Runtime {
    /** Tells all that the build will add, the same on every machine. */
    key: string;
    /** Paths of the image that only the build fills. */
    filledLater: string[];
    /** Adds what this machine has of it; what is wrong with that goes to the problems of the source. */
    addKnown(tree: Tree): Promise<void>;
    /** Adds the rest. */
    build(tree: Tree, args: MakeArgs): Promise<void>;
}
