import { lstat, lutimes, mkdir, readdir, readlink, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { sha256 } from "../../../digest";
import { environment } from "../../../environment";
import { UserError } from "../../../errors";
import type { MakeArgs } from "../loaded";
import { NixFailure, type NixOptions, nix, nixVersion } from "./command";
import type { Derivation, NixExpression } from "./evaluation";
import { buildProblem } from "./problem";

/** The version of nix since which the outputs of a path that ends in `.drv` are selected by `^out`. */
const CARET = [2, 13] as const;
/** The version of nix since which `nix show-config` is `nix config show`. */
const CONFIG_SHOW = [2, 20] as const;

/** Age in days at which an unused garbage collector root is removed, as its project may not exist any more. */
const ROOT_DAYS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;

/** An output in this machine's store. */
export interface Output {
    /** Store path: "/nix/store/HASH-hello-1.0" */
    storePath: string;
    /** Prefix of store paths on this machine: usually "", otherwise the root of a store in another directory. */
    storeRoot: string;
}

/**
 * Builds an evaluated derivation. A garbage collector root in the provider's cache directory keeps the last result for each use.
 *
 * `use` identifies the user of the result between runs; it becomes part of a file name.
 */
export async function buildDerivation(
    derivation: Derivation,
    expression: NixExpression,
    use: string,
    { onProgress, signal, storeDirectory }: MakeArgs,
): Promise<Output> {
    const { arguments: nixArguments, directory } = expression;
    const options = { directory, signal, onStatus: onProgress };
    const roots = path.join(storeDirectory, "nix-roots");
    await mkdir(roots, { recursive: true, mode: 0o700 });
    await removeOldRoots(roots);
    const key = sha256(JSON.stringify([use, directory, expression.selection]));
    const root = path.join(roots, `${use}-${key.slice(0, 16)}`);
    const target = (await isAtLeast(CARET, options))
        ? `${derivation.drvPath}^${derivation.output}`
        : derivation.drvPath;
    const output = await nix(["build", "--json", "--out-link", root, target, ...nixArguments], options).catch(
        (error) => {
            throw error instanceof NixFailure ? new UserError(buildProblem(error)) : error;
        },
    );
    const built = JSON.parse(output) as { outputs: Record<string, string> }[];
    const storePath = built[0]?.outputs[derivation.output];
    if (storePath === undefined) throw new Error(`nix built ${target}, and named no output of it: ${output}`);
    const now = new Date();
    await lutimes(root, now, now).catch(() => {});
    return { storePath, storeRoot: await storeRootOf(storePath, root, expression, signal) };
}

/** Sorted store paths of the closure of an output, including itself. */
export async function requisites(
    storePaths: readonly string[],
    { arguments: nixArguments, directory }: NixExpression,
    signal?: AbortSignal,
): Promise<string[]> {
    const args = ["path-info", "--recursive", ...storePaths, ...nixArguments];
    const output = await nix(args, { directory, signal }).catch((error) => {
        throw error instanceof NixFailure ? new UserError(buildProblem(error)) : error;
    });
    return output.split("\n").filter(Boolean).sort();
}

/** The root of a store in another directory (`--store /srv/nix`, or a user without /nix), below which its paths are. */
async function storeRootOf(
    storePath: string,
    link: string,
    expression: NixExpression,
    signal?: AbortSignal,
): Promise<string> {
    const linked = await readlink(link).catch(() => "");
    const data = environment().XDG_DATA_HOME || path.join(homedir(), ".local/share");
    const roots = ["", linked.endsWith(storePath) ? linked.slice(0, -storePath.length) : "", `${data}/nix/root`];
    for (const root of roots) if (await isThere(root + storePath)) return root;
    const url = await storeUrl(expression, signal);
    const root = /^(?:local\?(?:.*&)?root=)?(\/[^&?]*)/.exec(url)?.[1];
    if (root !== undefined && (await isThere(root + storePath))) return root;
    throw new UserError({
        what: `nix built ${storePath} in the store '${url}', whose files aren't on this machine`,
        todo: "Build in a local store, and leave a remote machine to `builders`",
    });
}

async function storeUrl({ arguments: nixArguments, directory }: NixExpression, signal?: AbortSignal): Promise<string> {
    const flag = nixArguments.lastIndexOf("--store");
    if (flag >= 0) return nixArguments[flag + 1] ?? "";
    const show = (await isAtLeast(CONFIG_SHOW, { directory, signal })) ? ["config", "show"] : ["show-config"];
    const config = JSON.parse(await nix([...show, "--json"], { directory, signal }));
    return String(config.store?.value ?? "");
}

async function isAtLeast([major, minor]: readonly [number, number], options: NixOptions): Promise<boolean> {
    const found = await nixVersion(options);
    return found[0] > major || (found[0] === major && found[1] >= minor);
}

async function isThere(file: string): Promise<boolean> {
    return lstat(file).then(
        () => true,
        () => false,
    );
}

async function removeOldRoots(roots: string): Promise<void> {
    const oldest = Date.now() - ROOT_DAYS * DAY_MS;
    for (const name of await readdir(roots)) {
        const root = path.join(roots, name);
        const status = await lstat(root).catch(() => undefined);
        if (status?.isSymbolicLink() && status.mtimeMs < oldest) await rm(root, { force: true });
    }
}
