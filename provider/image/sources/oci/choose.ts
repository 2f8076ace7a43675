import type { Sentence } from "../../../errors";
import { LocalProblem } from "../../tree/local-files";
import { fitOf, type Platform, platformOf, platformText } from "./platform";

/** Selects one of several images. */
export interface Choice {
    /** Tag: "hello:1.0", or "1.0". */
    tag?: string;
    /**
     * The architecture with its variant, in Go's terms: "amd64", "arm/v7". Default: amd64, or the architecture of a single
     * image.
     */
    architecture?: string;
}

/** An image of a layout or archive. */
export interface Candidate {
    /** Digest and names of the image, which may have several. */
    digest: string;
    file: string;
    names: string[];
    /** The platform; undefined if it isn't declared. */
    platform: Platform | undefined;
    /** Whether the archive contains the image: an archive may lack images of other platforms. */
    isThere: boolean;
}

/** The image with the tag and for the architecture. Throws a LocalProblem that lists the available images. */
export function choose<C extends Candidate>(all: readonly C[], { tag, architecture }: Choice, name: string): C {
    if (all.length === 0) throw new LocalProblem({ what: `'${name}' holds no image` });
    const tagged = all.filter(({ names }) => tag === undefined || names.some((imageName) => isNamed(imageName, tag)));
    if (tagged.length === 0) {
        throw new LocalProblem({
            what: `'${name}' has no image '${tag}', but ${namesOf(all) || "one without a tag"}`,
            todo: `Correct \`tag\``,
        });
    }
    const wanted = platformOf(architecture ?? "amd64");
    const alone = architecture === undefined && new Set(tagged.map(({ digest }) => digest)).size === 1;
    const fitting = tagged
        .map((candidate) => ({ candidate, fit: alone ? 0 : fitWith(candidate, wanted) }))
        .filter((ranked): ranked is { candidate: C; fit: number } => ranked.fit !== undefined);
    const best = Math.min(...fitting.map(({ fit }) => fit));
    const [first, ...more] = fitting.filter(({ fit }) => fit === best).map(({ candidate }) => candidate);
    if (first === undefined) throw new LocalProblem(otherPlatforms(tagged, wanted, name));
    const others = more.filter(({ digest }) => digest !== first.digest);
    if (others.length > 0) throw new LocalProblem(severalImages([first, ...others], name));
    if (!first.isThere) throw new LocalProblem(notSaved(first, tagged, name));
    return first;
}

/** How well an image fits a platform. An image without a declared platform may be for any. */
function fitWith({ platform }: Candidate, wanted: Platform): number | undefined {
    return platform === undefined ? 0 : fitOf(platform, wanted);
}

/** Whether a name has the tag: `hello:1.0` and `1.0` are both short for docker.io/library/hello:1.0. */
function isNamed(name: string, tag: string): boolean {
    const [short, wanted] = [withoutRegistry(name), withoutRegistry(tag)];
    return (
        short === wanted || short === `${wanted}:latest` || short.endsWith(`:${wanted}`) || short.endsWith(`/${wanted}`)
    );
}

/** The name as Docker shows it: `hello:1.0` of `docker.io/library/hello:1.0`. */
function withoutRegistry(name: string): string {
    return name.replace(/^(docker\.io\/)?(library\/)?/, "");
}

function namesOf(candidates: readonly Candidate[]): string {
    return [...new Set(candidates.flatMap(({ names }) => names))].join(", ");
}

function platformsOf(candidates: readonly Candidate[]): string[] {
    return [...new Set(candidates.flatMap(({ platform }) => (platform === undefined ? [] : [platformText(platform)])))];
}

function otherPlatforms(candidates: readonly Candidate[], wanted: Platform, name: string): Sentence {
    const there = platformsOf(candidates);
    const todo = candidates.some(({ platform }) => platform?.os === "linux")
        ? "Set `architecture` to one of them"
        : "A portable service runs on Linux: save an image for it";
    const images = there.length === 1 ? `an image for ${there[0]}` : `images for ${there.join(", ")}`;
    return { what: `'${name}' has ${images}, and not one for ${platformText(wanted)}`, todo };
}

function severalImages(candidates: readonly Candidate[], name: string): Sentence {
    const named = namesOf(candidates);
    const count = new Set(candidates.map(({ digest }) => digest)).size;
    return named === ""
        ? {
              what: `'${name}' has ${count} images without a tag, and nothing says which is meant`,
              todo: "Save the one that is meant alone, or with a tag",
          }
        : { what: `'${name}' has ${count} images: ${named}`, todo: `Set \`tag\` to one of them` };
}

function notSaved(missing: Candidate, candidates: readonly Candidate[], name: string): Sentence {
    const there = platformsOf(candidates.filter(({ isThere }) => isThere));
    const wanted = missing.platform === undefined ? "that platform" : platformText(missing.platform);
    return there.length === 0
        ? { what: `'${name}' is not whole: ${missing.file} is missing`, todo: "Save or fetch it again" }
        : {
              what: `'${name}' names an image for ${wanted} and doesn't hold it, only the one for ${there.join(", ")}`,
              todo: `Save it again with its platform, or set \`architecture\``,
          };
}
