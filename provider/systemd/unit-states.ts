import { splitWords } from "./unit-file";

/** The state of one unit, as systemctl shows it. */
export interface UnitState {
    /** LoadState: loaded, not-found, masked, error... */
    load: string;
    /** ActiveState: active, inactive, failed, activating... A template has `template`. */
    active: string;
    /** SubState: running, listening, exited, dead... */
    sub: string;
    /** UnitFileState: enabled, disabled, static, indirect... */
    enablement: string;
    /** Links that enable it, below the directory of units: `multi-user.target.wants/hello.service`. */
    links: string[];
}

/** The state with the properties that only the switch needs. */
export interface ShownUnit extends Omit<UnitState, "links"> {
    rootImage: string;
    result: string;
    type: string;
    fragmentPath: string;
    /** Units that start it: its socket, its timer. */
    triggeredBy: string[];
    /** Drop-ins that systemd has read. */
    dropInPaths: string[];
    needDaemonReload: boolean;
}

export const SHOWN_PROPERTIES =
    "Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Result,Type,FragmentPath,TriggeredBy,DropInPaths,NeedDaemonReload";

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
            fragmentPath: property("FragmentPath"),
            // A name with a backslash is in quotes.
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

/** Whether a unit counts as started: it is active, or a oneshot that has done its work. */
export function isServing(unit: Pick<ShownUnit, "active" | "sub" | "type" | "result">): boolean {
    return (
        unit.active === "active" ||
        unit.active === "reloading" ||
        unit.active === "template" ||
        (unit.active === "inactive" && unit.type === "oneshot" && unit.result === "success")
    );
}
