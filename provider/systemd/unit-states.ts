import { splitWords } from "./unit-file";

/** The state of a unit in systemctl show. */
export interface UnitState {
    /** LoadState: loaded, not-found, masked, error... */
    load: string;
    /** ActiveState: active, inactive, failed, activating... A template has `template`. */
    active: string;
    /** SubState: running, listening, exited, dead... */
    sub: string;
    /** UnitFileState: enabled, disabled, static, indirect... */
    enablement: string;
    /** Links that enable it, relative to the directory of units: `multi-user.target.wants/hello.service`. */
    links: string[];
}

/** The state with the properties that only the switch needs. */
export interface ShownUnit extends Omit<UnitState, "links"> {
    rootImage: string;
    result: string;
    type: string;
    /** Whether a oneshot service stays active after it has exited (RemainAfterExit=). */
    remains: boolean;
    /** Whether a start was tried since the unit was loaded, and whether its conditions were met then. */
    start: "none" | "skipped" | "tried";
    fragmentPath: string;
    /** Units that trigger it, such as its socket or timer. */
    triggeredBy: string[];
    /** Drop-ins that systemd has read. */
    dropInPaths: string[];
    needDaemonReload: boolean;
}

export const SHOWN_PROPERTIES =
    "Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Result,Type,FragmentPath,TriggeredBy,DropInPaths,NeedDaemonReload,RemainAfterExit,ConditionResult,ConditionTimestampMonotonic,Job";

/** Parses `systemctl show -p ... UNIT...`: `Key=value` lines, an empty line between units (systemctl(1)). */
export function parseShow(text: string): Map<string, ShownUnit> {
    const units = new Map<string, ShownUnit>();
    for (const paragraph of text.trim().split(/\n\n+/)) {
        const properties = new Map(
            paragraph.split("\n").map((line) => {
                const equals = line.indexOf("=");
                return [line.slice(0, equals), line.slice(equals + 1)] as const;
            }),
        );
        const id = properties.get("Id");
        if (id === undefined) continue;
        const property = (key: string) => properties.get(key) ?? "";
        units.set(id, {
            load: property("LoadState"),
            active: property("ActiveState"),
            sub: property("SubState"),
            enablement: property("UnitFileState"),
            rootImage: property("RootImage"),
            result: property("Result"),
            type: property("Type"),
            remains: property("RemainAfterExit") === "yes",
            start: startOf(property("ConditionTimestampMonotonic"), property("ConditionResult")),
            fragmentPath: property("FragmentPath"),
            // Names with a backslash are quoted.
            triggeredBy: splitWords(property("TriggeredBy")) ?? [],
            dropInPaths: splitWords(property("DropInPaths")) ?? [],
            needDaemonReload: property("NeedDaemonReload") === "yes",
        });
    }
    return units;
}

export function unitState({ load, active, sub, enablement }: ShownUnit, links: string[]): UnitState {
    return { load, active, sub, enablement, links };
}

function startOf(conditionsCheckedAt: string, conditionResult: string): ShownUnit["start"] {
    if (conditionsCheckedAt === "" || conditionsCheckedAt === "0") return "none";
    return conditionResult === "no" ? "skipped" : "tried";
}

/**
 * Whether a unit counts as started: it is active, or a oneshot service that has done its work. systemd unloads a oneshot service
 * that nothing refers to, for example if it isn't enabled, and so forgets whether it ran: that counts as done, too.
 */
export function isStarted(unit: ShownUnit): boolean {
    if (["active", "reloading", "refreshing", "template"].includes(unit.active)) return true;
    if (unit.type !== "oneshot") return false;
    if (unit.active === "activating") return !unit.sub.startsWith("auto-restart");
    if (unit.active !== "inactive" || unit.result !== "success") return false;
    if (unit.start === "none") return !unit.remains && !unit.enablement.startsWith("enabled");
    return !unit.remains || unit.start === "skipped";
}

/** A unit that systemd hasn't loaded, such as an instance that was never started. */
export const NOT_LOADED: ShownUnit = {
    load: "loaded",
    active: "inactive",
    sub: "dead",
    enablement: "disabled",
    rootImage: "",
    result: "",
    type: "",
    remains: false,
    start: "none",
    fragmentPath: "",
    triggeredBy: [],
    dropInPaths: [],
    needDaemonReload: false,
};
