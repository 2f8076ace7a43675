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
    /** Whether it is attached until the next boot only. */
    isRuntime: boolean;
    image: string;
    /** Name of the profile; undefined for units that aren't services, and for a copied profile. */
    profile: string | undefined;
    /** Text of portabled's copy of the unit. */
    text: string;
}

/** A file of the host that systemd reads in place of a unit or a drop-in of the service. */
export interface HiddenFile {
    /** `hello.service`, or `hello.service.d/50-portable.conf`. */
    name: string;
    /** The file that systemd reads. */
    path: string;
    /** Whether that file is empty or /dev/null, so that the unit is masked. */
    isMasked: boolean;
}

/** A portable service as it is on the host before anything is changed. */
export interface InspectedService {
    facts: HostFacts;
    /** Texts of the units of the image that will be attached; undefined if there is none. */
    imageUnits: Map<string, string> | undefined;
    profiles: string[];
    attached: AttachedUnit[];
    /** Attached extension images, in order. */
    extensions: string[];
    /** Units, and loaded instances of templates except connections of Accept=yes sockets. */
    shown: Map<string, ShownUnit>;
    /** Units and drop-ins that are hidden by another file. */
    hidden: HiddenFile[];
    /** Links that enable units with the service's prefix. */
    links: UnitLink[];
    /** UnitFileState of the host's units in Also= of attached units. */
    also: Map<string, string>;
    /** Texts of drop-ins on the host that have an [Install] section, by path. */
    installDropIns: Map<string, string>;
    files: Map<string, FoundFile>;
    texts: Map<string, string>;
    /** The owner in the record of the service. */
    owner: { token: string; nonce: string; urn: string; profile: string } | undefined;
    /** Paths of files in the owner's record. */
    recordedFiles: string[];
    /** Whether the owner's last operation was completed. */
    applied: boolean;
    /** Whether the owner has a record of files. */
    recorded: boolean;
    /** Whether a switch is running, or one that was interrupted has left files. */
    isUnfinished: boolean;
    /** Units whose stop, restart or reload, begun by someone else, didn't end in time. */
    ending: string[];
}

export function inspectService(request: {
    name: string;
    /** Image that will be attached; undefined to inspect only what is attached. */
    image: string | undefined;
    /** Extension images that will be attached with it, whose units are units of the service, too. */
    extensions: readonly string[];
    token: string;
    paths: readonly string[];
    /** Paths of files whose content is reported, too. */
    texts: readonly string[];
    /** Path of the image as declared; systemd shows it without symbolic links and double slashes. */
    declaredImage: string | undefined;
    /** Names of declared instances. */
    instances: readonly string[];
    /** Undefined to only read the host; otherwise an interrupted switch is rolled back, and running stops are awaited. */
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

/** Throws if a user of the host could replace the image, which the next start would then run. */
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

/** Units and links in a program's last report of them. */
export function shownUnits(reported: Reported): Pick<InspectedService, "shown" | "links"> {
    return { shown: parseShow(reported.block("show") ?? ""), links: parseLinks(reported.block("links") ?? "") };
}

/** The drop-ins of {@link InspectedService.installDropIns} with their units. */
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

/** Arguments of `portablectl attach`. */
export interface Attachment {
    path: string;
    profile: string;
    extensions: string[];
    isRuntime: boolean;
}

/** How the service's image is attached; undefined if none is. */
export function attachedImage(inspected: InspectedService): Attachment | undefined {
    const [first] = inspected.attached;
    if (first === undefined) return undefined;
    return {
        path: first.image,
        // The name of a copied profile is only in the record.
        profile:
            inspected.attached.find((unit) => unit.profile !== undefined)?.profile ||
            inspected.owner?.profile ||
            "default",
        extensions: inspected.extensions,
        isRuntime: first.isRuntime,
    };
}
