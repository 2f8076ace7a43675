import type { Performed } from "../../host/perform";
import type { SwitchPlan } from "../../host/service/plan";
import type { Gap } from "./outputs";

/** Why health checks failed. */
export interface Unhealthy {
    /** The new version's reason; undefined if it was healthy or never checked. */
    ofNew: string | undefined;
    /** The reason of the previous version after the rollback. */
    ofPrevious: string | undefined;
}

/** The message about a failed update: what failed, what is running now, and the journal of the unit. */
export function failureReason(report: Performed, plan: SwitchPlan, host: string, unhealthy: Unhealthy): string {
    const journal = report.block("journal")?.trim();
    const undone = report.all("undo-failed");
    const reason = unhealthy.ofNew ?? (report.block("output")?.trim() || report.stderr.trim() || "no reason given");
    return [
        `${report.one("failed") ?? "The update"} failed on ${host}: ${reason}`,
        rollbackText(report.one("running"), plan.previous?.path, unhealthy.ofPrevious),
        undone.length > 0
            ? `Steps of the rollback failed, too: ${undone.join("; ")}.\n${report.block("undone")?.trim() ?? ""}`
            : "",
        journal ? `Journal of the unit:\n${journal.replace(/^/gm, "    ")}` : "",
    ]
        .filter((part) => part !== "")
        .join("\n");
}

/** `running` is the host's report with that key: a path, `kept`, `nothing TEXT`, or undefined if there was none. */
function rollbackText(
    running: string | undefined,
    previous: string | undefined,
    unhealthy: string | undefined,
): string {
    if (running === "kept")
        return "The new image stays attached, since beforeSwitch has run and `rollback` is unlessMigrated: the previous image is still on the host, for you to decide.";
    if (running !== undefined && running === previous) {
        const health = unhealthy === undefined ? "" : `, but isn't healthy either: ${unhealthy}`;
        return `The image, drop-ins and files were rolled back: ${running} is running${health}. Data that the new version has written stays as it is.`;
    }
    if (!running?.startsWith("nothing")) return "What is running now isn't known: `pulumi refresh` shows it.";
    if (previous === undefined) return "Everything was rolled back: nothing is attached.";
    return `The previous image is attached again, but it isn't running: ${running.slice("nothing ".length)}.`;
}

/** The outputs about refused connections, from the host's report; undefined if no service was restarted. */
export function gapOfUpdate(report: Performed, plan: SwitchPlan): Gap | undefined {
    const running = plan.restart.filter((unit) => plan.before.active.includes(unit));
    if (plan.previous === undefined || running.length === 0) return undefined;
    const closed = plan.restartSockets.filter((unit) => unit.endsWith(".socket"));
    if (closed.length > 0) return refused(`${closed.join(", ")} had to close, since it changed`);
    for (const service of running) {
        const pair = plan.activated.find((candidate) => candidate.service === service);
        if (pair === undefined) return refused(`${service} has no socket unit that stays open while it restarts`);
        if (!report.all("takes").includes(`${service} ${pair.socket}`))
            return refused(`${service} doesn't take ${pair.socket} over (LISTEN_FDS)`);
        // 1 is CLD_EXITED of waitid(2): the program exited by itself; otherwise a signal killed it.
        if (!report.all("ended").includes(`${service} 1`))
            return refused(`${service} was ended by a signal, with the requests it had in hand`);
    }
    const kept = plan.activated.map(({ service, socket }) => `${service} takes ${socket} over and ended by itself`);
    return { gapless: true, gaplessReason: kept.join(", ") };
}

function refused(gaplessReason: string): Gap {
    return { gapless: false, gaplessReason };
}
