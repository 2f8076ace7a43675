import { UserError } from "../../errors";
import { parseShow, SHOWN_PROPERTIES, type ShownUnit } from "../../systemd/unit-states";
import { type HostFacts, hostFacts } from "../facts";
import { type FoundFile, foundFiles, showFilesLibrary } from "../files";
import { metadataLibrary, unitsOfMetadata } from "../image-metadata";
import { marks } from "../portabled-252";
import { hostLibrary } from "../program";
import type { Reported } from "../report";
import inspect from "../sh/inspect-service.sh";
import showUnits from "../sh/show-units.sh";
import { header, type Shell, sh, shellFile, wordsFunction } from "../shell";

/** Defines `show_units` and `attached`. */
export const showUnitsLibrary: Shell = sh`
${header({ shown_properties: SHOWN_PROPERTIES })}
${marks}
${shellFile(showUnits)}
`;

export interface AttachedUnit {
    unit: string;
    /** Until the next boot only. */
    isRuntime: boolean;
    image: string;
    /** Name of the profile; undefined for units that aren't services, and where it was copied. */
    profile: string | undefined;
    /** Text as portabled copied it from the image. */
    text: string;
}

/** What the host knows about a portable service before anything is changed. */
export interface ServiceLook {
    facts: HostFacts;
    /** Units of the image that is to be attached, with their texts; undefined where none was asked for. */
    imageUnits: Map<string, string> | undefined;
    profiles: string[];
    attached: AttachedUnit[];
    /** Extension images that are attached with it, in order. */
    extensions: string[];
    shown: Map<string, ShownUnit>;
    files: Map<string, FoundFile>;
    texts: Map<string, string>;
    /** Of our record of the service: whose it is. */
    owner: { token: string; nonce: string; urn: string; profile: string } | undefined;
    /** Files that the owner's record names. */
    recordedFiles: string[];
    /** Whether the last operation of the owner came to its end. */
    applied: boolean;
    /** Whether there is a record of files of the owner at all. */
    recorded: boolean;
    /** Whether there is something left of a switch that was cut off, or one is under way. */
    isUnfinished: boolean;
}

export function lookForService(request: {
    name: string;
    /** Image to look into; undefined to look at what is attached only. */
    image: string | undefined;
    /** Extension images that come with it: their units are units of the service. */
    extensions: readonly string[];
    token: string;
    paths: readonly string[];
    /** Paths whose content is wanted too. */
    texts: readonly string[];
    /** Whether what a switch that was cut off has left may be put back. */
    mayPutBack: boolean;
}): Shell {
    return sh`
${header({
    image: request.image,
    token: request.token,
    extended: request.extensions.length > 0 ? "1" : "",
    may_put_back: request.mayPutBack ? "1" : "",
})}
${wordsFunction("with_extensions", request.extensions)}
${wordsFunction("with_paths", request.paths)}
${wordsFunction("with_texts", request.texts)}
${hostLibrary}
${showUnitsLibrary}
${showFilesLibrary}
${metadataLibrary(request.name)}
${shellFile(inspect)}
`;
}

export function serviceLook(reported: Reported, place: { host: string; image: string | undefined }): ServiceLook {
    const refused = reported.block("refused");
    const missing = reported.one("no-image");
    if (refused !== undefined)
        throw new UserError({
            property: missing === undefined || missing === place.image ? "image" : "extensions",
            host: place.host,
            what:
                missing === undefined
                    ? `portabled can't read the image ${place.image}`
                    : `there is no image ${missing}`,
            said: refused.replace(/^Call failed: /, "").trim(),
            todo:
                missing !== undefined
                    ? "Give the `path` of a PortableImage with the same connection, or run `pulumi up --refresh` when it was removed by hand"
                    : undefined,
        });
    const metadata = reported.block("metadata");
    const profiles = new Map(reported.all("attached-profile").map((line) => line.split(" ") as [string, string]));
    return {
        facts: hostFacts(reported),
        imageUnits: metadata === undefined ? undefined : unitsOfMetadata(metadata),
        profiles: [...new Set(reported.all("profile"))].sort(),
        attached: reported.all("attached").map((line) => {
            const [unit = "", directory = "", ...image] = line.split(" ");
            return {
                unit,
                isRuntime: directory.startsWith("/run/"),
                profile: profiles.get(unit),
                image: image.join(" "),
                text: reported.block(`text ${unit}`) ?? "",
            };
        }),
        extensions: (reported.one("extensions") ?? "").split(/:(?=\/)/).filter((path) => path !== ""),
        shown: parseShow(reported.block("show") ?? ""),
        files: foundFiles(reported.all("file")),
        texts: reported.blocksOf("content"),
        owner: ownerRecord(reported.block("owner")),
        recordedFiles: reported.all("recorded"),
        applied: reported.has("applied"),
        recorded: reported.has("record"),
        isUnfinished: reported.has("unfinished"),
    };
}

function ownerRecord(text: string | undefined): ServiceLook["owner"] {
    if (text === undefined) return undefined;
    const of = (key: string) => text.match(new RegExp(`^${key} (.*)$`, "m"))?.[1] ?? "";
    return { token: of("token"), nonce: of("nonce"), urn: of("urn"), profile: of("profile") };
}

/** How an image is attached: what `portablectl attach` is told. */
export interface Attachment {
    path: string;
    profile: string;
    extensions: string[];
    isRuntime: boolean;
}

/** The image that is attached under the name; undefined where none is. */
export function attachedImage(look: ServiceLook): Attachment | undefined {
    const [first] = look.attached;
    if (first === undefined) return undefined;
    return {
        path: first.image,
        // Where the profile was copied its name is only in our record.
        profile: look.attached.find((unit) => unit.profile !== undefined)?.profile || look.owner?.profile || "default",
        extensions: look.extensions,
        isRuntime: first.isRuntime,
    };
}
