import { UserError } from "../../errors";
import { DIRECTORIES_BEFORE_ATTACHED, unitOfDropIn } from "../../systemd/paths";
import { parseShow, SHOWN_PROPERTIES, type ShownUnit } from "../../systemd/unit-states";
import { type HostFacts, hostFacts } from "../facts";
import { type FoundFile, foundFiles, oneLine, parentsLibrary, showFilesLibrary } from "../files";
import { metadataLibrary, unitsOfMetadata } from "../image-metadata";
import { marks } from "../portabled-252";
import { endingLibrary, hostLibrary, lockLibrary } from "../program";
import type { Reported } from "../report";
import inspect from "../sh/inspect-service.sh";
import showUnits from "../sh/show-units.sh";
import { header, type Shell, sh, shellFile, wordsFunction } from "../shell";
import type { UnitText } from "./declared";
import { LINK_DIRECTORIES, parseLinks, type UnitLink } from "./links";

/** Defines `show_units`, for units of the service $name, and `attached`. */
export const showUnitsLibrary: Shell = sh`
${header({ shown_properties: SHOWN_PROPERTIES, link_directories: LINK_DIRECTORIES })}
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

/** A file of the host that systemd reads in place of a unit or a drop-in of ours. */
export interface HiddenFile {
    /** `hello.service`, or `hello.service.d/50-portable.conf`. */
    name: string;
    /** The file that is read. */
    path: string;
    /** Whether that is empty or /dev/null: the unit is masked. */
    isMasked: boolean;
}

/** A portable service as it is on the host before anything is changed. */
export interface InspectedService {
    facts: HostFacts;
    /** Texts of the units of the image that is to be attached; undefined where there is none. */
    imageUnits: Map<string, string> | undefined;
    profiles: string[];
    attached: AttachedUnit[];
    /** Extension images that are attached with it, in order. */
    extensions: string[];
    /** Each unit, and each loaded instance of a template; not the connections of a socket with Accept=yes. */
    shown: Map<string, ShownUnit>;
    /** Units and drop-ins that systemd reads from another file: the path that is hidden, and the one that hides it. */
    hidden: HiddenFile[];
    /** Links that enable units of this prefix. */
    links: UnitLink[];
    /** UnitFileState of the host's units that Also= of attached ones enables. */
    also: Map<string, string>;
    /** Drop-ins on the host that have an [Install] section, by their paths. */
    installDropIns: Map<string, string>;
    files: Map<string, FoundFile>;
    texts: Map<string, string>;
    /** The owner in our record of the service. */
    owner: { token: string; nonce: string; urn: string; profile: string } | undefined;
    /** Files that the owner's record names. */
    recordedFiles: string[];
    /** Whether the last operation of the owner completed. */
    applied: boolean;
    /** Whether there is a record of files of the owner at all. */
    recorded: boolean;
    /** Whether a switch is under way, or one that was cut off has left files. */
    isUnfinished: boolean;
    /** Units that somebody has begun to stop, restart or reload, and that don't come to an end with it. */
    ending: string[];
}

export function inspectService(request: {
    name: string;
    /** Image that is to be attached; undefined to inspect what is attached only. */
    image: string | undefined;
    /** Extension images that come with it: their units are units of the service. */
    extensions: readonly string[];
    token: string;
    paths: readonly string[];
    /** Paths whose content is wanted too. */
    texts: readonly string[];
    /** How the program writes the path of the image, which systemd shows without its links and double slashes. */
    declaredImage: string | undefined;
    /** Names of instances that are declared. */
    instances: readonly string[];
    /** Undefined where the host is only read; otherwise a switch that was cut off is rolled back, and stops are awaited. */
    budgetSeconds: number | undefined;
}): Shell {
    return sh`
${header({
    image: request.image && oneLine(request.image),
    token: request.token,
    extended: request.extensions.length > 0 ? "1" : "",
    instances: request.instances,
    declared_image: request.declaredImage,
    hiding_directories: DIRECTORIES_BEFORE_ATTACHED,
    may_roll_back: request.budgetSeconds === undefined ? "" : "1",
})}
${wordsFunction("with_extensions", request.extensions.map(oneLine))}
${wordsFunction("with_paths", request.paths.map(oneLine))}
${wordsFunction("with_texts", request.texts)}
${hostLibrary}
${lockLibrary}
${endingLibrary(request.budgetSeconds ?? 0)}
${showUnitsLibrary}
${showFilesLibrary}
${parentsLibrary}
${metadataLibrary(request.name)}
${shellFile(inspect)}
`;
}

/** Throws for an image that a user of the host could replace: the next start would run what they have put there. */
function refuseUnsafe(reported: Reported, place: { host: string; image: string | undefined }): void {
    for (const [path, reason] of reported.blocksOf("unsafe"))
        throw new UserError({
            property: path === place.image ? "image" : "extensions",
            host: place.host,
            what: `${path} isn't safe to attach: ${reason.trim()}`,
            todo: "Deploy it with a PortableImage, or move it to a directory of root's such as /var/lib/portables; nothing was changed",
        });
}

export function parseInspection(
    reported: Reported,
    place: { host: string; image: string | undefined },
): InspectedService {
    refuseUnsafe(reported, place);
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
            reported: refused.replace(/^Call failed: /, "").trim(),
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
        ...shownUnits(reported),
        also: new Map(reported.all("also").map((line) => line.split(" ") as [string, string])),
        installDropIns: reported.blocksOf("install"),
        hidden: reported.all("hidden").map((line) => {
            const [name = "", path = "", kind] = line.split(" ");
            return { name, path, isMasked: kind === "masked" };
        }),
        files: foundFiles(reported.all("file")),
        texts: reported.blocksOf("content"),
        owner: ownerRecord(reported.block("owner")),
        recordedFiles: reported.all("recorded"),
        applied: reported.has("applied"),
        recorded: reported.has("record"),
        isUnfinished: reported.has("unfinished"),
        ending: reported.one("ending")?.split(" ") ?? [],
    };
}

/** The units as a program has shown them last. */
export function shownUnits(reported: Reported): Pick<InspectedService, "shown" | "links"> {
    return { shown: parseShow(reported.block("show") ?? ""), links: parseLinks(reported.block("links") ?? "") };
}

/** The drop-ins of {@link InspectedService.installDropIns} with the units that they are for. */
export function installTexts({ installDropIns }: Pick<InspectedService, "installDropIns">): UnitText[] {
    return [...installDropIns].map(([path, text]) => ({
        unit: unitOfDropIn(path),
        name: path.slice(path.lastIndexOf("/") + 1),
        text,
    }));
}

function ownerRecord(text: string | undefined): InspectedService["owner"] {
    if (text === undefined) return undefined;
    const field = (key: string) => text.match(new RegExp(`^${key} (.*)$`, "m"))?.[1] ?? "";
    return { token: field("token"), nonce: field("nonce"), urn: field("urn"), profile: field("profile") };
}

/** How an image is attached: the arguments of `portablectl attach`. */
export interface Attachment {
    path: string;
    profile: string;
    extensions: string[];
    isRuntime: boolean;
}

/** The image that is attached under the name; undefined where none is. */
export function attachedImage(inspected: InspectedService): Attachment | undefined {
    const [first] = inspected.attached;
    if (first === undefined) return undefined;
    return {
        path: first.image,
        // A copied profile has its name only in our record.
        profile:
            inspected.attached.find((unit) => unit.profile !== undefined)?.profile ||
            inspected.owner?.profile ||
            "default",
        extensions: inspected.extensions,
        isRuntime: first.isRuntime,
    };
}
