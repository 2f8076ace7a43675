import type { Context } from "../../contract";
import { isRecord } from "../../schema/values";

/** Texts by path or name of a unit. */
type Texts = Readonly<Record<string, unknown>>;

/**
 * Shows a notice for texts whose final newline is added or removed, since the CLI prints the same line as removed and added
 * then.
 */
export function showFinalNewlines(context: Pick<Context, "label" | "info">, before: Texts, now: Texts): void {
    for (const [name, text] of Object.entries(now)) {
        const old = before[name];
        if (typeof old !== "string" || typeof text !== "string" || old === "" || text === "") continue;
        if (old.endsWith("\n") === text.endsWith("\n")) continue;
        context.info(`${context.label}: ${name} ${text.endsWith("\n") ? "gets" : "loses"} its final newline.`);
    }
}

/** Texts of files by path: those of `content`, and known texts of assets. */
export function fileTexts(files: unknown, assets: unknown): Texts {
    const contents = Object.entries(isRecord(files) ? files : {}).flatMap(([path, file]) =>
        isRecord(file) && typeof file.content === "string" ? [[path, file.content]] : [],
    );
    return { ...(isRecord(assets) ? assets : {}), ...Object.fromEntries(contents) };
}
