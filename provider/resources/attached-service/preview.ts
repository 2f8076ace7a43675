import type { Context } from "../../contract";
import { isRecord, Unknown } from "../../schema/values";
import { installSection } from "../../systemd/install";
import { unitOfDropIn } from "../../systemd/paths";
import type { Outputs } from "./schema";

/* Texts of a preview about the effect of an update on the host, as far as it follows from the inputs. */

/** An update of a deployed service. */
export interface ServiceUpdate {
    /** The deployed inputs with defaults, and derived fields. */
    before: Record<string, unknown>;
    /** The new inputs; parts may be unknown. */
    now: Record<string, unknown>;
    /** The units of the service at the last update or refresh. */
    units: Outputs["unitStates"];
}

/** Inputs and derived fields whose change affects the host. */
const EFFECTIVE = [
    "image",
    "profile",
    "extensions",
    "untilReboot",
    "copy",
    "units",
    "dropInTexts",
    "hostFiles",
] as const;

/** Whether the update can change the states of units or restart one. An update without a change repairs something. */
export function changesUnits({ before, now }: ServiceUpdate): boolean {
    const differs = (name: string) => JSON.stringify(canonical(name, before)) !== JSON.stringify(canonical(name, now));
    const others = Object.keys({ ...before, ...now }).filter(
        (name) => !EFFECTIVE.some((effective) => effective === name),
    );
    return EFFECTIVE.some(differs) || !others.some(differs);
}

/** The value in canonical form: absent, default and empty values are the same. */
function canonical(name: string, values: Record<string, unknown>): unknown {
    const value = values[name];
    if (name === "copy") return value === "copy";
    if (name === "units" || name === "extensions") return value ?? (name === "units" ? {} : []);
    return value;
}

/**
 * Describes what the update does on the host: "reattaches ..., restarts hello.service"; empty if it only changes the state.
 */
export function effectOf({ before, now, units }: ServiceUpdate): string {
    const differs = (name: string) => JSON.stringify(canonical(name, before)) !== JSON.stringify(canonical(name, now));
    const [from, to] = [before.image, now.image].map(
        (path) => (typeof path === "string" && path.split("/").pop()) || "an image",
    );
    const stopped = stoppedUnits(before.units, now.units);
    const running = Object.keys(units).filter(
        (unit) =>
            unit.endsWith(".service") &&
            ["active", "activating", "reloading"].includes(units[unit]?.active ?? "") &&
            !stopped.includes(unit),
    );
    const sockets = changedDropIns({ before, now })
        .map(({ unit }) => unit)
        .filter((unit) => unit.endsWith(".socket"));
    const restarting = [...new Set([...running, ...sockets])];
    // A service may have been started since its state was read.
    if (restarting.length === 0 && stopped.length === 0) restarting.push("its services");
    const restarts = restarting.length === 0 ? "" : `, restarts ${restarting.join(", ")}`;
    const reattached = ["profile", "extensions", "copy"].filter(differs);
    const overrides = changedOverrides(before.units, now.units);
    const withOverrides = (what: string) => [`${what}${restarts}`, ...overrides].join("; ");
    if (differs("image")) return withOverrides(`reattaches ${to} in place of ${from}`);
    if (reattached.length > 0) return withOverrides(`reattaches ${to} for its ${reattached.join(", ")}`);
    if (now.dropInTexts instanceof Unknown || differs("hostFiles")) return withOverrides("writes files");
    const serviceOf = (socket: string) => {
        const service = socket.replace(/\.socket$/, ".service");
        return service in units ? service : "its service";
    };
    const restarted = changedDropIns({ before, now }).flatMap(({ unit }) =>
        unit.endsWith(".socket") ? [unit, serviceOf(unit)] : [unit],
    );
    return [
        ...(restarted.length > 0 ? [`writes drop-ins, restarts ${[...new Set(restarted)].join(", ")}`] : []),
        ...changedInstalls({ before, now }).map((unit) => `enables ${unit} otherwise, by its [Install]`),
        ...overrides,
    ].join("; ");
}

/** Units that the overrides have stopped from now on. */
function stoppedUnits(before: unknown, now: unknown): string[] {
    const isStopped = (overrides: unknown, unit: string) => {
        const override = isRecord(overrides) ? overrides[unit] : undefined;
        return isRecord(override) && override.start === false;
    };
    return Object.keys(isRecord(now) ? now : {}).filter((unit) => isStopped(now, unit) && !isStopped(before, unit));
}

/** Warns of sockets that close because one of their drop-ins changes. */
export function warnOfClosingByDropIn(context: Context, update: Pick<ServiceUpdate, "before" | "now">): void {
    for (const { unit, path } of changedDropIns(update))
        if (unit.endsWith(".socket"))
            context.warn(
                `${unit} closes in this update, since its drop-in ${path} changes. Connections are refused until it is open again.`,
            );
}

function changedDropIns({ before, now }: Pick<ServiceUpdate, "before" | "now">): { unit: string; path: string }[] {
    const [old, texts] = [before.dropInTexts, now.dropInTexts];
    if (!isRecord(old) || !isRecord(texts)) return [];
    return [...new Set([...Object.keys(old), ...Object.keys(texts)])]
        .filter((path) => old[path] !== texts[path])
        .map((path) => ({ unit: unitOfDropIn(path), path }));
}

/** Units whose drop-ins change what `systemctl enable` does for them. */
function changedInstalls(update: Pick<ServiceUpdate, "before" | "now">): string[] {
    const install = (texts: unknown, path: string) =>
        JSON.stringify(
            installSection(isRecord(texts) ? String(texts[path] ?? "") : "").assignments.map(({ key, value }) => [
                key,
                value,
            ]),
        );
    const changed = changedDropIns(update).filter(
        ({ path }) => install(update.before.dropInTexts, path) !== install(update.now.dropInTexts, path),
    );
    return [...new Set(changed.map(({ unit }) => unit))];
}

/** Effects of changed overrides: "stops hello.service", "enables hello.socket"; for removed ones, that [Install] decides. */
function changedOverrides(before: unknown, now: unknown): string[] {
    if (now instanceof Unknown) return ["starts, stops, enables or disables units"];
    const [old, overrides] = [before, now].map((value) => (isRecord(value) ? value : {})) as [
        Record<string, unknown>,
        Record<string, unknown>,
    ];
    const DOING = {
        start: { true: "starts", false: "stops", undefined: "starts or stops, by its [Install]," },
        enable: { true: "enables", false: "disables", undefined: "enables or disables, by its [Install]," },
    };
    return [...new Set([...Object.keys(old), ...Object.keys(overrides)])].flatMap((unit) =>
        (["start", "enable"] as const).flatMap((setting) => {
            const [oldState, newState] = [old[unit], overrides[unit]].map((override) =>
                isRecord(override) ? override[setting] : undefined,
            );
            const doing = DOING[setting][String(newState) as "true" | "false" | "undefined"] ?? "changes";
            return oldState === newState ? [] : [`${doing} ${unit}`];
        }),
    );
}
