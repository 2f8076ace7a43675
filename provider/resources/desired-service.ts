import type { HostContext } from "../contract";
import type { Owner } from "../systemd/prelude";
import type { DesiredService } from "../systemd/switch-plan";
import type { Inputs } from "./attached-service-schema";
import { dropInFile, dropInText, resolveHostFiles, sha256 } from "./drop-in-content";
import { presetDropIns } from "./presets";

export async function desiredService(
    context: HostContext,
    given: Inputs,
    owner: Owner,
): Promise<DesiredService & { texts: [string, string][] }> {
    const texts = [
        ...(given.dropIns ?? []).map((dropIn) => ({ ...dropIn, text: dropInText(dropIn, []).text as string })),
        ...Object.entries(given.units ?? {}).flatMap(([unit, { presets }]) => presetDropIns(unit, presets)),
    ];
    const dropIns = texts.map(({ unit, name, text }) => ({ ...dropInFile(unit, name, text), unit }));
    const files = await resolveHostFiles(context, given.files);
    return {
        image: given.image,
        profile: given.profile,
        extensions: given.extensions,
        isRuntime: given.runtime,
        copy: given.copy,
        force: given.force,
        beforeSwitch: given.beforeSwitch,
        isKeptOnceMigrated: given.rollback === "unlessMigrated",
        units: given.units ?? {},
        files: [...dropIns, ...files].map((file) => ({ ...file, digest: sha256(file.content) })),
        texts: dropIns.map((file) => [file.path, file.content.toString()]),
        token: owner.token,
    };
}
