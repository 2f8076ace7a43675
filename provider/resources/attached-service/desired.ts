import type { HostContext } from "../../contract";
import { sha256 } from "../../digest";
import type { Owner } from "../../host/owner";
import type { DesiredService } from "../../host/service/plan";
import { dropInFile, dropInText, resolveHostFiles } from "../drop-in/content";
import { presetDropIns } from "./presets";
import type { Inputs } from "./schema";

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
