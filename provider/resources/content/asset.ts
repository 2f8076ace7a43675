import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../../contract";
import { UserError } from "../../errors";
import type { Asset } from "../../schema/values";

/** The bytes of a FileAsset or StringAsset; a relative path is resolved in the program's directory. */
export async function readAsset(context: Pick<Context, "programDirectory">, asset: Asset): Promise<Buffer> {
    const { text, path, uri } = asset.source;
    if (text !== undefined) return Buffer.from(text);
    if (path === undefined)
        throw new UserError({
            what:
                uri === undefined
                    ? "the asset has no content that can be read here"
                    : `an asset from ${uri} isn't fetched`,
            todo: "Use a FileAsset or a StringAsset",
        });
    const file = resolve(context.programDirectory, path);
    try {
        return await readFile(file);
    } catch (error) {
        throw new UserError({
            what: `the file ${file} can't be read`,
            reported: (error as NodeJS.ErrnoException).code,
            todo: "Relative paths start at the program's directory",
        });
    }
}
