import type { HostContext } from "../../contract";
import { UserError } from "../../errors";
import type { Performed } from "../../host/perform";
import type { LaterDropIns } from "../overridden";
import { refuseEnding, refuseFiles, refuseFindings } from "../refusals";

/* Errors and warnings about a drop-in that can't be written, or that has no effect. */

/** Warns if a drop-in that was written has no effect, or none yet. */
export function warnOfNoEffect(
    context: Pick<HostContext, "warn">,
    report: Performed,
    host: string,
    path: string,
): void {
    for (const unread of report.all("unread")) {
        const [unit = "", other = ""] = unread.split(" ");
        context.warn(
            `${unit} doesn't read ${path} on ${host}: it reads ${other} in its place. Give one of the two another name.`,
        );
    }
    for (const hides of report.all("hides")) {
        const [unit = "", other = ""] = hides.split(" ");
        context.warn(
            `${unit} on ${host} no longer reads ${other}: ${path} has the same name and hides it. Give the drop-in another name, unless it is meant to replace that one.`,
        );
    }
    for (const unit of report.all("invalid"))
        context.warn(
            `${path} has no effect on ${host} yet: systemd refuses the settings of ${unit}, as it did before. \`systemd-analyze verify ${unit}\` there says why.`,
        );
    for (const unit of report.all("stopped"))
        context.warn(`${unit} was stopped on ${host}: ${path} has it in Conflicts=.`);
    for (const unit of report.all("later"))
        context.warn(
            `${unit} on ${host} takes the change of ${path} when it is started the next time. To stop and start it at once, set onChange to "restart".`,
        );
}

/** The drop-ins that a unit reads after the one at the path, which has the text. */
export function laterDropIns(report: Performed, path: string, text: string): LaterDropIns[] {
    const lines = report.all("later-drop-in").map((line) => line.split(" ") as [string, string]);
    const units = [...new Set(lines.map(([unit]) => unit))];
    return units.map((unit) => ({
        unit,
        path,
        text,
        later: lines.filter(([reader]) => reader === unit).map(([, other]) => other),
    }));
}

/** Warns of an [Install] section, which only `systemctl enable` reads, and the unit may already be enabled. */
export function warnOfInstallSection(context: Pick<HostContext, "warn">, unit: string, text: string): void {
    if (!/^\s*\[Install\]/m.test(text)) return;
    context.warn(
        `The [Install] section of a drop-in of ${unit} takes effect when the unit is enabled the next time: run \`systemctl reenable ${unit}\` there.`,
    );
}

/** Throws if the change can't be applied to an active unit in the declared way, or in the way that its kind needs. */
function refuseEffect(report: Performed): void {
    const [verb, unit] = report.one("cannot")?.split(" ") ?? [];
    if (verb === "reload")
        throw new UserError({
            property: "onChange",
            what: `${unit} can't be reloaded: it has no ExecReload=`,
            todo: 'Use `onChange: "restart"`, or set ExecReload= in the drop-in; nothing was changed',
        });
    if (verb !== undefined)
        throw new UserError({
            property: "onChange",
            what: `${unit} can't be restarted: systemd refuses that for it (RefuseManualStop=, RefuseManualStart=, a scope, a transient socket)`,
            todo: 'Use `onChange: "none"`, so that it takes the drop-in when it is started the next time; nothing was changed',
        });
    const mounted = report.one("needs-restart");
    if (mounted !== undefined)
        throw new UserError({
            property: "onChange",
            what: `${mounted} is mounted, and takes another What=, Where= or Type= only when it is mounted anew, which stops all units that need it`,
            todo: 'Use `onChange: "restart"` for that, or `onChange: "none"` to wait for the next boot; nothing was changed',
        });
}

/** Throws the reason why the host refused the drop-in before anything was changed. */
export function refuseUntouched(report: Performed, declared: { unit: string; text?: string }): void {
    if (report.has("changing")) return;
    if (report.has("no-unit"))
        throw new UserError({
            property: "unit",
            what: `there is no unit ${declared.unit}`,
            todo: "If an AttachedService installs it, name that in dependsOn",
        });
    refuseFindings(report, () => (declared.text === undefined ? "sections" : "text"));
    if (report.has("masked"))
        throw new UserError({
            property: "unit",
            what: `${declared.unit} is masked, so a drop-in has no effect`,
            todo: `Run \`systemctl unmask ${declared.unit}\` there; nothing was changed`,
        });
    refuseEffect(report);
    refuseEnding(report.one("ending")?.split(" ") ?? []);
    refuseFiles(report, () => "name");
    throw new UserError({ what: "the drop-in couldn't be written", reported: report.stderr });
}

export function failureReason(report: Performed, declared: { unit: string }, host: string): string {
    const running = report.one("running");
    const journal = report.block("journal")?.trim();
    return [
        `${report.one("failed") ?? "the change"} failed on ${host}: ${report.block("output")?.trim() || report.stderr.trim() || "no reason given"}.`,
        running === "old"
            ? `The drop-in and files were rolled back, and ${declared.unit} is as before.`
            : running === undefined
              ? "What is there now isn't known: `pulumi refresh` shows it."
              : `The drop-in and files were rolled back, but the unit isn't running: ${running.replace(/^nothing ?/, "")}.`,
        journal ? `Its journal:\n${journal.replace(/^/gm, "    ")}` : "",
    ]
        .filter((part) => part !== "")
        .join(" ");
}
