import type { Context } from "../../contract";
import { isRecord } from "../../schema/values";

/** Texts by what names them: a path, a unit. */
type Texts = Readonly<Record<string, unknown>>;

/**
 * Says of which texts the final newline comes or goes. The CLI prints a line with and without its newline as the same, once
 * removed and once added.
 */
export function showFinalNewlines(context: Pick<Context, "label" | "info">, before: Texts, now: Texts): void {
    for (const [name, text] of Object.entries(now)) {
        const old = before[name];
        if (typeof old !== "string" || typeof text !== "string" || old === "" || text === "") continue;
        if (old.endsWith("\n") === text.endsWith("\n")) continue;
        context.info(`${context.label}: ${name} ${text.endsWith("\n") ? "gets" : "loses"} its final newline.`);
    }
}

/** The texts of files, by their paths: those of `content`, and those of assets that are known. */
export function fileTexts(files: unknown, assets: unknown): Texts {
    const contents = Object.entries(isRecord(files) ? files : {}).flatMap(([path, file]) =>
        isRecord(file) && typeof file.content === "string" ? [[path, file.content]] : [],
    );
    return { ...(isRecord(assets) ? assets : {}), ...Object.fromEntries(contents) };
}
