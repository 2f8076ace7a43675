import { posix } from "node:path";
import type { Context } from "../../contract";
import { sha256 } from "../../digest";
import type { Failure } from "../../errors";
import type { Owner } from "../../host/owner";
import type { DesiredService } from "../../host/service/desired";
import { containsUnknown, type PreviewedObject, Unknown } from "../../schema/values";
import { dropInPath, unitOfDropIn } from "../../systemd/paths";
import { dropInFile, dropInText } from "../content/drop-in-text";
import { announcedHostFiles } from "../content/host-files";
import { type Preset, presetDropIns } from "./presets";
import type { Inputs } from "./schema";

/** The drop-ins of a service: those of `dropIns` and those of presets. */
export interface DropIns {
    /** Texts by path on the host. A text is unknown while a part of it is. */
    texts: Record<string, string | Unknown>;
    /** Whether all paths are known. */
    isComplete: boolean;
    failures: Failure[];
}

export function dropInsOf({ dropIns, units }: PreviewedObject<Pick<Inputs, "dropIns" | "units">>): DropIns {
    const found: DropIns = { texts: {}, isComplete: true, failures: [] };
    if (dropIns instanceof Unknown || units instanceof Unknown) found.isComplete = false;
    for (const [index, dropIn] of (dropIns instanceof Unknown ? [] : (dropIns ?? [])).entries()) {
        if (dropIn instanceof Unknown || dropIn.unit instanceof Unknown || dropIn.name instanceof Unknown) {
            found.isComplete = false;
            continue;
        }
        const { text, failures } = dropInText(dropIn, ["dropIns", index]);
        const file = dropInPath(dropIn.unit, dropIn.name);
        if (Object.hasOwn(found.texts, file))
            found.failures.push({
                path: ["dropIns", index, "name"],
                what: `${dropIn.unit} has two drop-ins ${dropIn.name}: give one another name`,
            });
        found.texts[file] = text;
        found.failures.push(...failures);
    }
    for (const [unit, override] of units instanceof Unknown ? [] : Object.entries(units ?? {})) {
        if (override instanceof Unknown || containsUnknown(override.presets)) {
            found.isComplete = false;
            continue;
        }
        for (const { name, text } of presetDropIns(unit, override.presets as Preset[]))
            found.texts[dropInPath(unit, name)] = text;
    }
    return found;
}

/** The service as it must be on the host, with the drop-ins and host files that the preview announced. */
export async function desiredService(
    context: Context,
    declared: Inputs,
    announced: { dropInTexts: Readonly<Record<string, string>>; hostFiles: Readonly<Record<string, string>> },
    owner: Owner,
    formerUnits: readonly string[],
): Promise<DesiredService> {
    const dropIns = Object.entries(announced.dropInTexts).map(([path, text]) => ({
        ...dropInFile(path, text),
        unit: unitOfDropIn(path),
    }));
    const files = await announcedHostFiles(context, declared.files, announced.hostFiles);
    return {
        // portabled refuses a path with double slashes or dots in it.
        image: posix.normalize(declared.image),
        profile: declared.profile,
        extensions: declared.extensions,
        isRuntime: declared.untilReboot,
        copy: declared.copy,
        force: declared.force,
        beforeSwitch: declared.beforeSwitch,
        isKeptOnceMigrated: declared.rollback === "unlessMigrated",
        units: declared.units ?? {},
        formerUnits,
        files: [...dropIns, ...files].map((file) => ({ ...file, digest: sha256(file.content) })),
        token: owner.token,
    };
}
