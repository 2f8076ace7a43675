import type { HostContext } from "../contract";
import { readDropIn } from "../host/drop-in";
import type { Host } from "../host/host";
import type { Owner } from "../host/owner";
import { perform } from "../host/perform";
import { overriddenSettings } from "../systemd/overridden";

/** A drop-in, and the paths of those that a unit reads after it. */
export interface LaterDropIns {
    unit: string;
    path: string;
    text: string;
    later: readonly string[];
}

/**
 * Warns of settings that were written as declared and have no effect, as a drop-in that is read later sets them, too. It
 * never throws: the update has succeeded, and the state must have that, whatever becomes of the connection.
 */
export async function warnOfOverriddenSettings(
    context: HostContext,
    host: Host,
    owner: Owner,
    dropIns: readonly LaterDropIns[],
): Promise<void> {
    const paths = [...new Set(dropIns.flatMap(({ later }) => later))];
    if (paths.length === 0) return;
    const report = await perform(context, host, () => readDropIn(owner, [], paths)).catch(() => undefined);
    if (report === undefined) return;
    const texts = report.blocksOf("content");
    for (const { unit, path, text, later } of dropIns) {
        const others = later.map((other) => ({ path: other, text: texts.get(other) ?? "" }));
        for (const { setting, path: other } of overriddenSettings(text, others))
            context.warn(
                `${setting} of ${path} has no effect in ${unit} on ${host.name}: ${other}, which systemd reads after it, sets it, too. Give the drop-in a name that comes after that one's, or remove the setting there.`,
            );
    }
}
