import type { Path, Previewed, Unknown } from "../../schema/values";
import type { Tree } from "../tree/tree";
import type { Problems } from "./problems";

/** A tree that an image will be packed from. */
export interface Packable {
    kind: "tree";
    tree: Tree;
    /** An operating system's tree, complete as it is: it gets no os-release, machine-id and the like from us. */
    isWhole?: boolean;
}

/** An image that exists already, used as it is. */
export interface Ready {
    kind: "ready";
    /** Absolute path of the .raw on this machine. */
    file: string;
    /** SHA-256 of the .raw, in hexadecimal. */
    sha256: string;
    sizeBytes: number;
}

/** Content that only `up` makes, by a build that a preview must not start. */
export interface Later {
    kind: "later";
    make(args: MakeArgs): Promise<Packable | Ready>;
}

export interface MakeArgs {
    /** A live line: what the build does now. */
    onProgress: (text: string) => void;
    signal?: AbortSignal;
    /** Directory of the local store, whose files are kept between runs. */
    storeDirectory: string;
}

/** The result of loading a source. */
export interface LoadedSource {
    /** SHA-256 over all that the image is made of, the same on every machine; UNKNOWN while a part of it is. */
    sourceDigest: string | Unknown;
    /** Texts of the units by name, where they are known without the content; the others are read from it. */
    unitTexts?: Record<string, string | Unknown> | Unknown;
    /** There when everything is known and right. */
    content?: Packable | Ready | Later;
}

export interface LoadArgs {
    /** Property path of the source: `source.files`. */
    path: Path;
    /** Prefix of the units. */
    name: Previewed<string>;
    version: Previewed<string>;
    /** Makes it an extension: name of the image that it extends, which is then the prefix of the units. */
    extends?: Previewed<string>;
    /** Distinguishes the image from others of the same program on a host; loaders of sources don't use it. */
    instance?: Previewed<string>;
    /** Absolute; relative paths of the source start here. */
    programDirectory: string;
    /** Collects the faults, each under its property. */
    problems: Problems;
    signal?: AbortSignal;
}
