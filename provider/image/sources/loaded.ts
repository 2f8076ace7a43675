import type { Path, Previewed, Unknown } from "../../schema/values";
import type { Tree } from "../tree/tree";
import type { Problems } from "./problems";

/** A tree to pack. */
export interface Packable {
    kind: "tree";
    tree: Tree;
    /** Whether it is a complete operating system's tree, to which no os-release, machine-id and the like are added. */
    isWhole?: boolean;
}

/** An existing image, which is used unchanged. */
export interface Ready {
    kind: "ready";
    /** Absolute path of the .raw on this machine. */
    file: string;
    /** SHA-256 of the .raw, in hexadecimal. */
    sha256: string;
    sizeBytes: number;
}

/** Content that is made in `up` by a build, which a preview must not start. */
export interface Later {
    kind: "later";
    make(args: MakeArgs): Promise<Packable | Ready>;
}

export interface MakeArgs {
    /** Called with status messages of the build. */
    onProgress: (text: string) => void;
    signal?: AbortSignal;
    /** Directory of the local store, in which files are kept between runs. */
    storeDirectory: string;
}

/** The result of loading a source. */
export interface LoadedSource {
    /** SHA-256 over everything that the image is made of, the same on every machine; UNKNOWN while a part of it is. */
    sourceDigest: string | Unknown;
    /** Texts of the units by name, if they are known without the content; otherwise they are read from it. */
    unitTexts?: Record<string, string | Unknown> | Unknown;
    /** Set if everything is known and there are no failures. */
    content?: Packable | Ready | Later;
}

export interface LoadArgs {
    /** Property path of the source: `source.files`. */
    path: Path;
    /** Name of the image, which is the prefix of its units. */
    name: Previewed<string>;
    version: Previewed<string>;
    /** For an extension: name of the image that it extends, which is the prefix of its units. */
    extends?: Previewed<string>;
    /** Name of the instance; loaders of sources don't use it. */
    instance?: Previewed<string>;
    /** Absolute path, to which relative paths in the source refer. */
    programDirectory: string;
    /** Collects the failures with their properties. */
    problems: Problems;
    signal?: AbortSignal;
}
