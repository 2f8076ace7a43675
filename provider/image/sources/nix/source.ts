import { readdir, stat } from "node:fs/promises";
import { sha256 } from "../../../digest";
import { UserError } from "../../../errors";
import { type Path, type Previewed, pathText, UNKNOWN } from "../../../schema/values";
import { RootFiles } from "../../tree/root-files";
import type { LoadArgs, LoadedSource, Ready } from "../loaded";
import { Problems } from "../problems";
import { locateImage } from "../raw";
import { buildDerivation, type Output } from "./build";
import { allKnown, evaluate, nixExpression } from "./evaluation";
import type { NixSource } from "./schema";

/** Number of files of an output that an error lists. */
const MAX_NAMED = 8;

/**
 * The source `nix`: an image that nix builds. A preview only evaluates it, as the path of the derivation covers all inputs of the
 * image. `up` builds that derivation.
 */
export async function loadNix(source: Previewed<NixSource>, args: LoadArgs): Promise<LoadedSource> {
    const { path: sourcePath, programDirectory, problems, signal } = args;
    const knownSource = allKnown<NixSource>(source);
    if (knownSource === undefined) return { sourceDigest: UNKNOWN };
    const { installable, file, expression: text } = knownSource;
    const property = [...sourcePath, file !== undefined ? "file" : text !== undefined ? "expression" : "installable"];
    const place = { path: sourcePath, property };
    const expression = await nixExpression(installable, knownSource, place, programDirectory, problems);
    const derivation = expression && (await evaluate(expression, property, problems, signal));
    if (expression === undefined || derivation === undefined) return { sourceDigest: UNKNOWN };
    return {
        sourceDigest: sha256(`nix ${derivation.drvPath} ${derivation.output}`),
        content: {
            kind: "later",
            async make(makeArgs) {
                const output = await buildDerivation(derivation, expression, String(args.name), makeArgs);
                return readyImage(await imageIn(output, expression.label, sourcePath), sourcePath);
            },
        },
    };
}

/** The only `.raw` in the directory of an output, or the output itself. */
async function imageIn({ storePath, storeRoot }: Output, label: string, source: Path): Promise<string> {
    // Links between store paths are resolved in the store's root, which may be another directory on this machine.
    const store = new RootFiles(storeRoot === "" ? "/" : storeRoot);
    const localPath = async (written: string) => {
        const found = await store.find(written);
        if (found === undefined) throw new Error(`nix built ${written}, which isn't in its store ${store.directory}`);
        return store.local(found.path);
    };
    const real = await localPath(storePath);
    if ((await stat(real)).isFile()) return real;
    const names = (await readdir(real)).sort();
    const [image, ...more] = names.filter((name) => name.endsWith(".raw"));
    if (image !== undefined && more.length === 0) return localPath(`${storePath}/${image}`);
    const property = pathText(source);
    if (image !== undefined) {
        const what = `'${label}' holds more than one image: ${[image, ...more].slice(0, MAX_NAMED).join(", ")}`;
        throw new UserError({ property, what, todo: "Make a package of each, and a PortableImage of each package" });
    }
    throw new UserError({
        property,
        what: `'${label}' holds no .raw image, but ${names.slice(0, MAX_NAMED).join(", ") || "nothing"} (${real})`,
        todo: "Build it with pkgs.portableService; for a program without an image use the source `closure`",
    });
}

async function readyImage(file: string, property: Path): Promise<Ready> {
    const problems = new Problems();
    const image = await locateImage({ path: file }, property, "/", problems);
    // The file was built by nix, so its failures belong to the property of the source.
    for (const failure of problems.failures) failure.path = property;
    problems.throw();
    return image as Ready;
}
