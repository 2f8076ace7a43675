import { stat } from "node:fs/promises";
import { environment } from "../../../environment";
import { UserError } from "../../../errors";
import { type Path, type Previewed, Unknown, unknownPaths } from "../../../schema/values";
import { absolute, LocalProblem } from "../../tree/local-files";
import type { Problems } from "../problems";
import { NixFailure, nix } from "./command";
import { evaluationProblem } from "./problem";

/** A declared expression with known values. */
export interface NixExpression {
    /** Name in messages: `.#hello`. */
    label: string;
    /** Arguments of nix that select it. */
    selection: readonly string[];
    /** Further declared arguments of nix. */
    arguments: readonly string[];
    /** Absolute path, to which relative installables and files refer. */
    directory: string;
}

/** The directory and arguments for the expressions of a source. */
export interface NixPlace {
    file?: string;
    expression?: string;
    directory?: string;
    arguments?: string[];
}

/** The derivation that an expression evaluates to, without a build. */
export interface Derivation {
    /** Path of the store derivation, whose hash covers all inputs of the build. */
    drvPath: string;
    /** The output that the expression selects, usually "out". */
    output: string;
    /** Store path of that output; undefined if its hash is only known after the build. */
    storePath?: string;
    /** System type: "x86_64-linux" */
    system: string;
    name: string;
}

/** The expression of an installable; undefined if it isn't a valid one, which is added to `problems`. */
export async function nixExpression(
    installable: string | undefined,
    place: NixPlace,
    { path, property = path }: { path: Path; property?: Path },
    programDirectory: string,
    problems: Problems,
): Promise<NixExpression | undefined> {
    const { file, expression, arguments: nixArguments = [] } = place;
    const directory = absolute(place.directory ?? ".", programDirectory);
    if (file !== undefined && expression !== undefined) {
        problems.add(path, { what: "Nix evaluates one of `file` and `expression`", todo: "Remove the other" });
        return undefined;
    }
    if (installable === undefined && file === undefined && expression === undefined) {
        problems.add(path, { what: 'Nix needs something to build: give an `installable`, as ".#hello", or a `file`' });
        return undefined;
    }
    const option = [installable, file].find((argument) => argument?.startsWith("-"));
    if (option !== undefined) {
        problems.add(property, { what: `'${option}' is an option of nix`, todo: `Put it into \`arguments\`` });
        return undefined;
    }
    const found = await problems.reading([...path, "directory"], async () => {
        const status = await stat(directory).catch(() => undefined);
        if (!status?.isDirectory()) {
            throw new LocalProblem({
                what: `There is no directory '${directory}' for nix to work in`,
                todo: "Correct the path",
            });
        }
        return directory;
    });
    if (found === undefined) return undefined;
    const selection =
        file !== undefined
            ? ["--file", file, installable ?? ""]
            : expression !== undefined
              ? // As with nix-build, files of this machine and NIX_PATH may be read.
                ["--impure", "--expr", expression, installable ?? ""]
              : [installable as string];
    const label = [file ?? (expression === undefined ? undefined : "expression"), installable].filter(Boolean);
    return { label: label.join(" "), selection, arguments: nixArguments, directory };
}

/** Calls a function with the defaults of its arguments, as nix-build does. */
const APPLY = `p: let v = if builtins.isFunction p then p {} else p; in
if (v.type or null) == "derivation"
then { drvPath = v.drvPath; storePath = v.outPath; output = v.outputName; system = v.system; name = v.name; storeDir = builtins.storeDir; }
else { type = builtins.typeOf v; attributes = if builtins.isAttrs v then builtins.attrNames v else []; }`;

/** Number of attributes that a message lists. */
const MAX_NAMED = 8;

/**
 * Evaluates without a build (except for builds from which the expression itself imports). If it fails, adds a problem for the
 * property and returns undefined.
 */
export async function evaluate(
    expression: NixExpression,
    property: Path,
    problems: Problems,
    signal?: AbortSignal,
): Promise<Derivation | undefined> {
    return problems.reading(property, async () => {
        const { drvPath, storePath, storeDir, output, system, name } = await shared(expression, signal);
        if (!system.endsWith("-linux")) {
            throw new LocalProblem({
                what: `'${expression.label}' is built for ${system}, and a portable service runs on Linux`,
                todo: `Name the package of the host's system, as ".#packages.x86_64-linux.NAME"`,
            });
        }
        const isKnown = storePath.startsWith(`${storeDir}/`);
        return { drvPath, output, system, name, ...(isKnown && { storePath }) };
    });
}

type Evaluated = Required<Derivation> & { storeDir: string };

async function run(expression: NixExpression, signal: AbortSignal): Promise<Evaluated> {
    const { selection, arguments: nixArguments, directory, label } = expression;
    const args = ["eval", "--json", "--show-trace", "--apply", APPLY, ...selection, ...nixArguments];
    const text = await nix(args, { directory, signal }).catch(async (error) => {
        if (error instanceof NixFailure) throw new LocalProblem(await evaluationProblem(error, label, directory));
        throw error instanceof UserError ? new LocalProblem(error.problem) : error;
    });
    const found = JSON.parse(text) as Evaluated | { type: string; attributes: string[] };
    if ("drvPath" in found) return found;
    const { type, attributes } = found;
    const names = attributes.slice(0, MAX_NAMED).join(", ") + (attributes.length > MAX_NAMED ? ", ..." : "");
    const hint = names === "" ? "Name a package." : `Name one of its attributes: ${names}.`;
    throw new LocalProblem({
        what: `'${label}' is no derivation, but a ${type === "lambda" ? "function" : type}`,
        todo: `${hint}`,
    });
}

/**
 * Time for which an evaluation, which may take seconds, is reused: the engine checks one resource after the other, and resources
 * of several hosts usually have the same source. A build uses the evaluated derivation, so that it is what the preview showed.
 */
const RECENT_MS = 10_000;

interface Run {
    result: Promise<Evaluated>;
    waiting: number;
    endedAt?: number;
    controller: AbortController;
}

const runs = new Map<string, Run>();

async function shared(expression: NixExpression, signal?: AbortSignal): Promise<Evaluated> {
    signal?.throwIfAborted();
    const key = JSON.stringify([expression, environment().NIX_CONFIG, environment().NIX_PATH]);
    const recent = runs.get(key);
    const isUsable = recent?.endedAt === undefined || Date.now() - recent.endedAt < RECENT_MS;
    const current = recent !== undefined && isUsable ? recent : start(key, expression);
    current.waiting++;
    let end = () => {};
    try {
        return await new Promise<Evaluated>((resolve, reject) => {
            end = () => reject(signal?.reason);
            signal?.addEventListener("abort", end, { once: true });
            current.result.then(resolve, reject);
        });
    } finally {
        signal?.removeEventListener("abort", end);
        current.waiting--;
        if (current.waiting === 0 && current.endedAt === undefined) {
            // The next caller starts a new evaluation.
            if (runs.get(key) === current) runs.delete(key);
            current.controller.abort();
        }
    }
}

function start(key: string, expression: NixExpression): Run {
    const controller = new AbortController();
    const started: Run = { result: run(expression, controller.signal), waiting: 0, controller };
    const ended = () => {
        started.endedAt = Date.now();
    };
    started.result.then(ended, ended);
    runs.set(key, started);
    return started;
}

/** The value if all of it is known; otherwise undefined. */
export function allKnown<T>(value: Previewed<T>): T | undefined {
    return value instanceof Unknown || unknownPaths(value).length > 0 ? undefined : (value as T);
}
