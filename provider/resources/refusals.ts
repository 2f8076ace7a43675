import { UserError } from "../errors";
import type { Performed } from "../host/perform";
import { pathText } from "../schema/values";
import { isDropInPath } from "../systemd/paths";

/** Throws if a stop of one of these units, begun by someone else, didn't end in time. */
export function refuseEnding(units: readonly string[]): void {
    if (units.length === 0) return;
    throw new UserError({
        what: `${units.join(", ")}: stopping, restarting or reloading has begun there, and hasn't ended`,
        todo: "See `systemctl list-jobs` and the journal of the unit there, and run `pulumi up` again; nothing was changed",
    });
}

/** Throws for faults that systemd finds in drop-ins; `property` returns the input of `hello.service.d/override.conf`. */
export function refuseFindings(report: Performed, property: (dropIn: string) => string): void {
    const seconds = report.one("unverified");
    if (seconds !== undefined)
        throw new UserError({
            what: `\`systemd-analyze verify\`, which reads drop-ins before anything is changed, hasn't ended on the host after ${seconds} s`,
            todo: "Run it there with any unit to see what it waits for; nothing was changed",
        });
    const findings = report.block("findings")?.trim();
    if (findings === undefined) return;
    throw new UserError({
        property: property(findings.replace(/:.*$/s, "")),
        what: "systemd wouldn't take the drop-in as it is",
        reported: findings,
        todo: "Nothing was changed",
    });
}

/**
 * Throws if a file belongs to another owner or can't be made. `dropInProperty` returns the property that declares the drop-in
 * at a path.
 */
export function refuseFiles(report: Performed, dropInProperty: (path: string) => string = () => "dropIns"): void {
    const place = (path: string) =>
        isDropInPath(path)
            ? { property: dropInProperty(path), todo: "give the drop-in another `name`" }
            : { property: pathText(["files", path]), todo: "give the file another path" };
    for (const [path, urn] of report.blocksOf("taken")) {
        const { property, todo } = place(path);
        throw new UserError({
            property,
            what: urn.trim()
                ? `${path} belongs to ${urn.trim()}`
                : `${path} exists already, and no stack of ours wrote it`,
            todo: urn.trim()
                ? `One file has one owner: ${todo}`
                : `Move it away there, or ${todo}; nothing was changed`,
        });
    }
    for (const [path, reason] of report.blocksOf("unable"))
        throw new UserError({
            property: place(path).property,
            what: `${path} can't be made: ${reason.trim()}`,
            todo: "Make that right there, or change the program; nothing was changed",
        });
}
