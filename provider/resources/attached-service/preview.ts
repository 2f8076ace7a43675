import type { Context } from "../../contract";
import { isRecord, Unknown } from "../../schema/values";
import { unitOfDropIn } from "../../systemd/paths";

/* The effect of an update on the host, as far as it follows from the inputs, for the preview. */

interface Change {
    before: Record<string, unknown>;
    /** Inputs with their defaults, and derived fields. */
    now: Record<string, unknown>;
}

/** The steps of the change on the host, for the live line. */
export function stepsOfChange({ before, now }: Change): string {
    const differs = (name: string) => JSON.stringify(before[name]) !== JSON.stringify(now[name]);
    const [from, to] = [before.image, now.image].map(
        (path) => (typeof path === "string" && path.split("/").pop()) || "an image",
    );
    const reattached = ["profile", "extensions", "copy"].filter(differs);
    if (differs("image")) return `reattaches ${to} in place of ${from}, restarts its services`;
    if (reattached.length > 0) return `reattaches ${to} for its ${reattached.join(", ")}, restarts its services`;
    if (now.dropInTexts instanceof Unknown || differs("hostFiles")) return "writes files, restarts the services";
    const restarted = changedDropIns({ before, now }).map(({ unit }) =>
        unit.endsWith(".socket") ? `${unit} and its service` : unit,
    );
    return [
        ...(restarted.length > 0 ? [`writes drop-ins, restarts ${[...new Set(restarted)].join(", ")}`] : []),
        ...(differs("units") ? ["starts, stops, enables and disables units"] : []),
    ].join("; ");
}

/** Warns of sockets that close because one of their drop-ins changes. */
export function warnOfClosingByDropIn(context: Context, change: Change): void {
    for (const { unit, path } of changedDropIns(change))
        if (unit.endsWith(".socket"))
            context.warn(
                `${unit} closes in this update, since its drop-in ${path} changes. Connections are refused until it is open again.`,
            );
}

function changedDropIns({ before, now }: Change): { unit: string; path: string }[] {
    const [old, texts] = [before.dropInTexts, now.dropInTexts];
    if (!isRecord(old) || !isRecord(texts)) return [];
    return [...new Set([...Object.keys(old), ...Object.keys(texts)])]
        .filter((path) => old[path] !== texts[path])
        .map((path) => ({
            unit: unitOfDropIn(path),
            path,
        }));
}
