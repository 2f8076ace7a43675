import { UserError } from "../../errors";
import { ATTACHED_DIRECTORIES, UNITS_DIRECTORY } from "../../systemd/paths";
import { parseShow, SHOWN_PROPERTIES, type ShownUnit } from "../../systemd/unit-states";
import { type HostFacts, hostFacts } from "../facts";
import { type FoundFile, foundFiles, lookAtFiles, lookAtTexts } from "../files";
import { askForMetadata, awaitMetadataNote, metadataNote, unitsOfMetadata } from "../image-metadata";
import { HIDDEN_MARK, MARK } from "../portabled-252";
import { lookAtMachine, lookAtProfiles, lookAtVersion } from "../program";
import type { Reported } from "../report";
import { type Shell, sh } from "../shell";

/**
 * `show_units UNIT...` gives a block `show` of all that are loaded or can be, templates as
 * `systemctl list-unit-files` sees them (`systemctl show` refuses a template).
 */
export const showUnitsLibrary: Shell = sh`
show_units() {
    {
        plain=
        for unit; do
            case $unit in
                *@.*)
                    set -- $(systemctl list-unit-files --no-legend --no-pager -- "$unit")
                    [ $# -eq 0 ] || printf 'Id=%s\\nLoadState=loaded\\nActiveState=template\\nSubState=template\\nUnitFileState=%s\\n\\n' "$unit" "$2"
                    ;;
                *) plain="$plain $unit" ;;
            esac
        done
        [ -z "$plain" ] || systemctl show -p ${SHOWN_PROPERTIES} -- $plain
    } | block show
}
# attached NAME sets $attached_units, $attached_image, $attached_extensions, and $attached_lines: unit, directory, image.
attached() {
    attached_units= attached_image= attached_extensions= attached_lines=
    for directory in ${ATTACHED_DIRECTORIES}; do
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            image=\${line#${MARK}" '"}
            image=\${image#${HIDDEN_MARK}" '"}
            [ "$image" != "$line" ] || continue
            image=\${image%"', do not edit."}
            # Extensions come after it, each behind a colon, in order.
            extensions=\${image#"\${image%%:/*}"}
            image=\${image%%:/*}
            file=\${image##*/}; file=\${file%.raw}
            [ "\${file%%_*}" = "$1" ] || continue
            unit=\${conf#"$directory"/}; unit=\${unit%.d/20-portable.conf}
            attached_units="$attached_units $unit"
            [ -n "$attached_image" ] || attached_image=$image attached_extensions=$extensions
            attached_lines="$attached_lines$unit $directory $image
"
        done
    done
}
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
    const record = sh`"$records/services"/${request.name}`;
    return sh`
${lookAtMachine}
${showUnitsLibrary}
command -v portablectl >/dev/null 2>&1 || { ${lookAtVersion} exit 0; }
# While a switch is under way or tidies, what is there is half of one thing and half of another.
if [ -e ${record}.back ]; then
    exec 9<${UNITS_DIRECTORY}
    flock -w 1 9 || { say step "waiting for another operation on this host"; flock -w 600 9; }
    ${request.mayPutBack ? sh`[ ! -f ${record}.back/go-back ] || sh ${record}.back/go-back interrupted >/dev/null` : undefined}
    exec 9>&-
fi
attached ${request.name}
# systemd and portabled take their time: meanwhile the other end of the pipe looks at the files.
{
${lookAtVersion}
units=
${request.image === undefined ? undefined : lookAtMetadata(request.image, request.extensions, request.name)}
for unit in $attached_units; do
    case " $units " in *" $unit "*) ;; *) units="$units $unit" ;; esac
done
show_units $units
} | {
${lookAtProfiles}
printf %s "$attached_lines" | while read -r unit directory image; do
    say attached "$unit $directory $image"
    block "text $unit" <"$directory/$unit"
done
[ -z "$attached_extensions" ] || say extensions "$attached_extensions"
find ${ATTACHED_DIRECTORIES} -path ${`*/${request.name}*.d/10-profile.conf`} -type l -printf '%h %l\\n' 2>/dev/null | while read -r directory profile; do
    directory=\${directory##*/}; profile=\${profile%/service.conf}
    say attached-profile "\${directory%.d} \${profile##*/}"
done
[ ! -f ${record} ] || block owner <${record}
if [ -f "$records/files"/${request.token} ]; then
    say record
    while IFS= read -r line; do
        case $line in
            "path "*) say recorded "\${line#path }" ;;
            applied) say applied ;;
        esac
    done <"$records/files"/${request.token}
fi
[ -d ${record}.back ] || [ -d "$records/files/".${request.token}.undo ] && say unfinished
${lookAtFiles(request.paths)}
${lookAtTexts(request.texts)}
cat
}
`;
}

/** What portabled finds in the image: the block `metadata`, and the image's units in $units; or the block `refused`. */
function lookAtMetadata(image: string, extensions: readonly string[], name: string): Shell {
    const asked = askForMetadata(sh`${image}`, extensions, name);
    return sh`
for path in ${[image, ...extensions]}; do [ -e "$path" ] || say no-image "$path"; done
${extensions.length === 0 ? awaitMetadataNote(image) : undefined}
if metadata=$(
    if ${extensions.length === 0 ? sh`[ -e ${image} ]` : sh`false`} && [ -s ${metadataNote(image)} ]; then cat ${metadataNote(image)}
    else ${asked} 2>&1
    fi
); then
    printf '%s' "$metadata" | block metadata
    for key in $(printf '%s' "$metadata" | grep -o '"[A-Za-z0-9:_.\\\\@-]*":\\['); do
        unit=\${key#?}
        units="$units \${unit%???}"
    done
else
    printf '%s' "$metadata" | block refused
fi`;
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
