import { UserError } from "../../errors";
import type { Performed } from "../../host/perform";
import { DeclaredUnits } from "../../host/service/declared";
import { type InspectedService, installTexts } from "../../host/service/inspect";
import { dropInPath, PROFILE_DIRECTORIES, unitOfDropIn } from "../../systemd/paths";
import { isTemplate } from "../../systemd/unit-names";
import { renderUnit } from "../../systemd/unit-sections";
import { refuseEnding, refuseFiles, refuseFindings } from "../refusals";
import { isNeeded } from "./as-declared";
import type { Inputs } from "./schema";

/** The inputs that a host may refuse. */
type Declared = Pick<
    Inputs,
    "image" | "profile" | "units" | "dropIns" | "files" | "beforeSwitch" | "health" | "copy" | "force" | "extensions"
>;

/** The input of the checks before a change. */
interface Inspected {
    inspection: InspectedService;
    declared: Declared;
    /** Name of the portable service. */
    name: string;
    /** Whether the service isn't in the state yet. */
    isNew: boolean;
}

/** The host has changed since its inspection, so another attempt may succeed. */
export class Superseded extends UserError {}

/** Throws a UserError for everything wrong that an inspection shows; returns the texts of the image's units. */
export function refuseInspected(inspected: Inspected): Map<string, string> {
    refuseTooNew(inspected);
    const imageUnits = requireUnits(inspected);
    refuseProfile(inspected);
    refuseUnknownUnits(inspected, imageUnits);
    refuseForeign(inspected);
    refuseHostUnits(inspected, imageUnits);
    refuseHidden(inspected, imageUnits);
    refuseEnding(inspected.inspection.ending);
    return imageUnits;
}

/** Throws if an input needs a newer systemd (portablectl(1)). */
function refuseTooNew({ inspection, declared: { copy, force, extensions } }: Inspected): void {
    const { systemdVersion } = inspection.facts;
    for (const [property, isUsed, since] of [
        ["extensions", extensions.length > 0, 249],
        ["force", force, 252],
        ["copy", copy === "mixed", 256],
    ] as const)
        if (isUsed && systemdVersion < since)
            throw new UserError({
                property,
                what: `${property === "copy" ? "the copy mode mixed" : property} needs systemd ${since}, and the host has ${systemdVersion}`,
                todo: "Leave it out, or upgrade the host's system; nothing was changed",
            });
}

function requireUnits({ inspection: { imageUnits }, declared, name }: Inspected): Map<string, string> {
    if (imageUnits !== undefined && imageUnits.size > 0) return imageUnits;
    throw new UserError({
        property: "image",
        what: `the image ${declared.image} has no unit whose name starts with ${name}`,
        todo: `portabled attaches only units named ${name}.service, ${name}-*.service and so on: rename the units, or the image`,
    });
}

function refuseProfile({ inspection, declared: { profile, files } }: Inspected): void {
    const isDeclared = PROFILE_DIRECTORIES.some((directory) => files?.[`${directory}/${profile}/service.conf`]);
    if (inspection.profiles.includes(profile) || isDeclared) return;
    throw new UserError({
        property: "profile",
        what: `there is no profile ${profile} on the host, and portabled would attach without any sandbox`,
        todo: `Use one of ${inspection.profiles.join(", ")}, or add it to \`files\` as /etc/systemd/portable/profile/${profile}/service.conf`,
    });
}

/** Throws if an input names a unit that the image lacks, or requires of a unit what its kind can't do. */
function refuseUnknownUnits({ inspection, declared }: Inspected, imageUnits: ReadonlyMap<string, string>): void {
    const { image, units = {}, dropIns = [], beforeSwitch, health } = declared;
    const texts = dropIns.map(({ unit, name, text, sections = {} }) => ({
        unit,
        name,
        text: text ?? renderUnit(sections),
    }));
    const knownUnits = new DeclaredUnits(imageUnits, units, [...installTexts(inspection), ...texts], inspection.facts);
    const inside = health?.command?.inside;
    for (const [unit, property] of [
        ...Object.keys(units).map((unit) => [unit, `units["${unit}"]`] as const),
        ...dropIns.map(({ unit }, index) => [unit, `dropIns[${index}].unit`] as const),
        ...(beforeSwitch === undefined ? [] : [[beforeSwitch.unit, "beforeSwitch.unit"] as const]),
        ...(inside === undefined ? [] : [[inside, "health.command.inside"] as const]),
    ])
        if (knownUnits.resolve(unit) === undefined && !(property.startsWith("dropIns") && knownUnits.isFor(unit)))
            throw new UserError({
                property,
                what: `the image ${image} has no unit ${unit}`,
                todo: `It has ${[...imageUnits.keys()].join(", ")}`,
            });
    const named = new Map<string, string>();
    for (const [name, { enable }] of Object.entries(units)) {
        const unit = knownUnits.resolve(name) ?? name;
        const other = named.get(unit);
        if (other !== undefined)
            throw new UserError({
                property: `units["${name}"]`,
                what: `${name} and ${other} are names of one unit, ${unit}`,
                todo: "Declare it under one of them",
            });
        named.set(unit, name);
        if (enable === true && !knownUnits.isEnableable(unit))
            throw new UserError({
                property: `units["${name}"].enable`,
                what: isTemplate(unit)
                    ? `the template ${unit} has no DefaultInstance= in its [Install] section, so systemd can't enable it`
                    : `${unit} has no [Install] section, so systemd can't enable it`,
                todo: isTemplate(unit)
                    ? `Name an instance: \`units: { "${unit.replace("@.", "@main.")}": {} }\``
                    : "Add WantedBy= to it, in the image or in a drop-in; nothing was changed",
            });
    }
}

/** Throws if an image of the name is attached that this provider didn't attach. */
function refuseForeign({ inspection, name, isNew }: Inspected): void {
    const [attached] = inspection.attached;
    if (isNew && inspection.owner === undefined && attached !== undefined)
        throw new UserError({
            property: "image",
            what: `an image named ${name} is attached already, and not by a stack: ${attached.image}`,
            todo: `Import it with \`pulumi import\`, or detach it there (\`portablectl detach ${attached.image}\`)`,
        });
}

/** Throws if a unit of the image would hide a unit of the host, or be hidden by one. */
function refuseHostUnits({ inspection, name }: Inspected, imageUnits: ReadonlyMap<string, string>): void {
    const attached = new Set(inspection.attached.map(({ unit }) => unit));
    for (const unit of imageUnits.keys()) {
        const state = inspection.shown.get(unit);
        const isMasked = inspection.hidden.some((hidden) => hidden.name === unit && hidden.isMasked);
        if (attached.has(unit) || state === undefined || state.fragmentPath === "") continue;
        if (isMasked)
            throw new UserError({
                property: "image",
                what: `${unit} is masked on the host (${state.fragmentPath})`,
                todo: `Run \`systemctl unmask ${unit}\` there; nothing was changed`,
            });
        throw new UserError({
            property: "image",
            what: `the host has a unit ${unit} of its own (${state.fragmentPath})`,
            todo: `Rename the image and its units, for example to ${name}app: the name ${name} of the image is the prefix of every unit in it`,
        });
    }
}

/** Throws if systemd would read another file in place of the image's unit or of the drop-in. */
function refuseHidden({ inspection, declared }: Inspected, imageUnits: ReadonlyMap<string, string>): void {
    const { units } = new DeclaredUnits(imageUnits, declared.units ?? {}, installTexts(inspection), inspection.facts);
    for (const { name, path, isMasked } of inspection.hidden) {
        if (name.includes("/")) {
            const index = declared.dropIns?.findIndex((dropIn) =>
                dropInPath(dropIn.unit, dropIn.name).endsWith(`/${name}`),
            );
            throw new UserError({
                property: `dropIns[${index}].name`,
                what: `${unitOfDropIn(name)} reads ${path} in its place, so the drop-in has no effect`,
                todo: "Give the drop-in another name, or remove that file there; nothing was changed",
            });
        }
        if (!imageUnits.has(name) || (isMasked && !isNeeded(units, name))) continue;
        throw new UserError({
            property: "image",
            what: isMasked
                ? `${name} is masked on the host (${path})`
                : `${path} hides the unit ${name} of the image: systemd reads that file in its place`,
            todo: isMasked
                ? `Run \`systemctl unmask ${name}\` there, or declare that it is neither enabled nor started; nothing was changed`
                : "Move that file away there: single settings belong into a drop-in; nothing was changed",
        });
    }
}

/** Throws the reason why the switch program exited before it changed anything. */
export function refuseUntouched(report: Performed, name: string, declared: Declared): never {
    const propertyOf = (file: string, part?: string) => {
        const index =
            declared.dropIns?.findIndex((dropIn) =>
                file.endsWith(dropInPath(dropIn.unit, dropIn.name).split("/system/")[1] ?? ""),
            ) ?? -1;
        const isText = declared.dropIns?.[index]?.text !== undefined;
        return `dropIns[${index}].${part ?? (isText ? "text" : "sections")}`;
    };
    refuseFindings(report, (file) => propertyOf(file));
    refuseFiles(report, (path) => propertyOf(path, "name"));
    const owned = report.one("owned");
    if (owned !== undefined)
        throw new UserError({
            property: "image",
            what: `the service ${name} belongs to ${owned}`,
            todo: "One service has one owner",
        });
    if (report.has("changed"))
        throw new Superseded({
            what: `somebody else has just attached ${report.one("changed") || "nothing"} as ${name}`,
            todo: "Nothing was changed; run `pulumi up --refresh`",
        });
    const problem = { what: "the update ended before it began", reported: report.stderr };
    throw report.has("interrupted") ? new Superseded(problem) : new UserError(problem);
}
