import { UserError } from "../../errors";
import type { Owner } from "../../host/owner";
import type { Performed } from "../../host/perform";
import type { ServiceLook } from "../../host/service/look";
import { type DesiredService, declaredUnits, type SwitchPlan } from "../../host/service/plan";
import { dropInPath, PROFILE_DIRECTORIES } from "../../systemd/paths";
import { isServing } from "../../systemd/unit-states";
import { refuseFindings, takenFiles } from "../refusals";

/* What is said of a service that can't be as declared. */

/** What of the inputs the host may refuse. */
interface Declared {
    image: string;
    profile: string;
    units?: Record<string, unknown>;
    dropIns?: readonly { unit: string; name: string; text?: string }[];
    files?: Record<string, unknown>;
    beforeSwitch?: { unit: string };
    copy?: string;
    force?: boolean;
    extensions?: readonly string[];
}

/** The release of systemd that an input came with (portablectl(1)). */
function refuseTooNew(look: ServiceLook, { copy, force, extensions = [] }: Declared): void {
    const { systemdVersion } = look.facts;
    for (const [property, isUsed, since] of [
        ["extensions", extensions.length > 0, 249],
        ["force", force === true, 252],
        ["copy", copy === "mixed", 256],
    ] as const)
        if (isUsed && systemdVersion < since)
            throw new UserError({
                property,
                what: `${property === "copy" ? "the copy mode mixed" : property} needs systemd ${since}, and the host has ${systemdVersion}`,
                todo: "Leave it out, or upgrade the host's system; nothing was changed",
            });
}

/** Everything that can be known to be wrong before the first change; answers the image's units. */
export function refuseBefore(
    look: ServiceLook,
    given: Declared,
    owner: Owner,
    name: string,
    isNew: boolean,
): Map<string, string> {
    const { imageUnits } = look;
    refuseTooNew(look, given);
    if (imageUnits === undefined || imageUnits.size === 0)
        throw new UserError({
            property: "image",
            what: `the image ${given.image} has no unit whose name starts with ${name}`,
            todo: `portabled attaches only units named ${name}.service, ${name}-*.service and so on: rename the units, or the image`,
        });
    const brings = PROFILE_DIRECTORIES.some((directory) => given.files?.[`${directory}/${given.profile}/service.conf`]);
    if (!look.profiles.includes(given.profile) && !brings)
        throw new UserError({
            property: "profile",
            what: `there is no profile ${given.profile} on the host, and portabled would attach without any sandbox`,
            todo: `Use one of ${look.profiles.join(", ")}, or bring it in \`files\` as /etc/systemd/portable/profile/${given.profile}/service.conf`,
        });
    for (const [unit, property] of [
        ...Object.keys(given.units ?? {}).map((unit) => [unit, `units["${unit}"]`] as const),
        ...(given.dropIns ?? []).map(({ unit }, index) => [unit, `dropIns[${index}].unit`] as const),
    ])
        if (!imageUnits.has(unit))
            throw new UserError({
                property,
                what: `the image ${given.image} has no unit ${unit}`,
                todo: `It has ${[...imageUnits.keys()].join(", ")}`,
            });
    if (look.owner !== undefined && look.owner.token !== owner.token)
        throw new UserError({
            property: "image",
            what: `the service ${name} belongs to ${look.owner.urn}`,
            todo: "One service has one owner: destroy it there, or give the image another name",
        });
    if (isNew && look.owner === undefined && look.attached.length > 0)
        throw new UserError({
            property: "image",
            what: `an image named ${name} is attached already, and not by a stack: ${look.attached[0]?.image}`,
            todo: `Import it with \`pulumi import\`, or detach it there (\`portablectl detach ${look.attached[0]?.image}\`)`,
        });
    if (given.beforeSwitch !== undefined && !imageUnits.has(given.beforeSwitch.unit))
        throw new UserError({
            property: "beforeSwitch.unit",
            what: `the image ${given.image} has no unit ${given.beforeSwitch.unit}`,
            todo: `It has ${[...imageUnits.keys()].join(", ")}`,
        });
    const attached = new Set(look.attached.map(({ unit }) => unit));
    for (const unit of imageUnits.keys()) {
        const state = look.shown.get(unit);
        if (attached.has(unit) || state === undefined || state.fragmentPath === "") continue;
        throw new UserError({
            property: "image",
            what: `the host has a unit ${unit} of its own (${state.fragmentPath})`,
            todo: `Rename the image and its units, for example to ${name}app: the name ${name} of the image is the prefix of every unit in it`,
        });
    }
    return imageUnits;
}

/** The switch program stopped before it touched anything. */
export function refused(said: Performed, name: string, given: Declared): never {
    const dropIn = (file: string, part?: string) => {
        const index =
            given.dropIns?.findIndex((each) =>
                file.endsWith(dropInPath(each.unit, each.name).split("/system/")[1] ?? ""),
            ) ?? -1;
        const of = given.dropIns?.[index];
        return `dropIns[${index}].${part ?? (of?.text === undefined ? "sections" : "text")}`;
    };
    refuseFindings(said, (file) => dropIn(file));
    takenFiles(said, (path) => dropIn(path, "name"));
    const owned = said.one("owned");
    if (owned !== undefined)
        throw new UserError({
            property: "image",
            what: `the service ${name} belongs to ${owned}`,
            todo: "One service has one owner",
        });
    if (said.has("changed"))
        throw new UserError({
            what: `somebody else has just attached ${said.one("changed") || "nothing"} as ${name}`,
            todo: "Nothing was changed; run `pulumi up --refresh`",
        });
    throw new UserError({ what: "the update ended before it began", said: said.stderr });
}

/** What health said: of the new one, and of the one that came back. */
export interface HealthWords {
    unhealthy: string | undefined;
    goneBack: string | undefined;
}

export function failureText(
    said: Performed,
    plan: SwitchPlan,
    host: string,
    { unhealthy, goneBack }: HealthWords,
): string {
    const serving = said.one("serving");
    const journal = said.block("journal")?.trim();
    const undone = said.all("undo-failed");
    return [
        `${said.one("failed") ?? "The update"} failed on ${host}: ${unhealthy ?? (said.block("said")?.trim() || said.stderr.trim() || "no reason given")}`,
        serving === "kept"
            ? "The new image stays attached, since beforeSwitch has run and `rollback` is unlessMigrated: the image from before is still on the host, for you to decide."
            : serving === plan.previous?.path && serving !== undefined
              ? `The image, drop-ins and files from before are back: ${serving} serves${goneBack === undefined ? "" : `, but isn't healthy either: ${goneBack}`}. Data that the new one has written stays as it is.`
              : serving?.startsWith("nothing")
                ? plan.previous === undefined
                    ? "It was taken back whole: nothing is attached."
                    : `The image from before is attached again, but nothing serves: ${serving.slice("nothing ".length)}.`
                : "What serves now isn't known: `pulumi refresh` looks.",
        undone.length > 0
            ? `On the way back these failed too: ${undone.join("; ")}.\n${said.block("undone")?.trim() ?? ""}`
            : "",
        journal ? `Journal of the unit:\n${journal.replace(/^/gm, "    ")}` : "",
    ]
        .filter((part) => part !== "")
        .join("\n");
}

/** Units that aren't enabled or running as declared; and an update that hasn't come to its end. */
export function notAsDeclared(look: ServiceLook, overrides: DesiredService["units"]): string[] {
    const units = new Map(look.attached.map(({ unit, text }) => [unit, text] as const));
    const unfinished = look.isUnfinished ? ["an update is under way, or was cut off"] : [];
    const wrong = [...declaredUnits(units, overrides)].flatMap(([unit, declared]) => {
        const state = look.shown.get(unit);
        if (state === undefined) return [`${unit} isn't loaded`];
        return [
            ...(declared.started && !isServing(state) ? [`${unit} is ${state.active} (${state.sub})`] : []),
            ...(declared.enabled !== state.enablement.startsWith("enabled") ? [`${unit} is ${state.enablement}`] : []),
        ];
    });
    return [...unfinished, ...wrong];
}

/** Whether the update was gapless, as it was seen; undefined where no service was restarted. */
export function gaplessText(said: Performed, plan: SwitchPlan): string | undefined {
    const running = plan.restart.filter((unit) => plan.before.active.includes(unit));
    if (plan.previous === undefined || running.length === 0) return undefined;
    const closed = plan.restartSockets.filter((unit) => unit.endsWith(".socket"));
    if (closed.length > 0) return `no: ${closed.join(", ")} had to close, since it changed`;
    for (const service of running) {
        const pair = plan.activated.find((each) => each.service === service);
        if (pair === undefined) return `no: ${service} has no socket unit that stays open while it restarts`;
        if (!said.all("takes").includes(`${service} ${pair.socket}`))
            return `no: ${service} doesn't take ${pair.socket} over (LISTEN_FDS)`;
        // CLD_EXITED of waitid(2): the program ended by itself; else a signal cut off what it was doing.
        if (!said.all("ended").includes(`${service} 1`))
            return `no: ${service} was ended by a signal, with the requests it had in hand`;
    }
    return `yes: ${plan.activated.map(({ service, socket }) => `${service} takes ${socket} over and ended by itself`).join(", ")}`;
}
