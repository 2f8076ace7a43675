import { execFile } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import nodePath from "node:path";
import { promisify } from "node:util";
import { sha256 } from "../../../digest";
import { childEnvironment } from "../../../environment";
import { type Problem, type Sentence, UserError } from "../../../errors";
import { Archive, type Path, type Previewed, Unknown } from "../../../schema/values";
import { directoryInStore } from "../../store/directories";
import { archiveEntries, localText } from "../../tree/local-files";
import { join, parentOf } from "../../tree/paths";
import { RootFiles } from "../../tree/root-files";
import { type Entry, Tree, textEntry } from "../../tree/tree";
import type { LoadArgs, MakeArgs } from "../loaded";
import { Problems } from "../problems";
import { addCommonFiles } from "./common-files";
import { Dependencies } from "./dependencies";
import type { Runtime } from "./runtime";
import type { PythonRuntimeSource } from "./schema";

/** Bump when the environment is made in another way, so that it is made again for the same requirements. */
const ENVIRONMENT_VERSION = 3;
const ENVIRONMENT = "/opt/venv";
/** Parts of the standard library that no service needs: tests, the graphical editor, and files to build extensions. */
const LEFT_OUT = /^(test|idlelib|turtledemo|lib2to3|config-.*|__pycache__)$/;

interface Python {
    /** Path as declared: "/usr/bin/python3". */
    written: string;
    /** Path with links resolved: "/usr/bin/python3.11". */
    path: string;
    /** "python3.11" */
    version: string;
    /** Path of the standard library: "/usr/lib/python3.11". */
    library: string;
}

/** This machine's Python, and a virtual environment that pip fills in `up`. */
export async function pythonRuntime(
    source: Previewed<PythonRuntimeSource>,
    args: LoadArgs,
): Promise<Runtime | "unknown"> {
    const { path, programDirectory, problems } = args;
    if (source instanceof Unknown) return "unknown";
    const { requirements: file, interpreter = "/usr/bin/python3" } = source;
    if (file instanceof Unknown || interpreter instanceof Unknown) return "unknown";
    const root = new RootFiles("/");
    const python = await findPython(root, interpreter, [...path, "interpreter"], problems);
    const property = [...path, "requirements"];
    const text = file === undefined ? "" : await problems.reading(property, () => localText(file, programDirectory));
    if (text !== undefined) for (const problem of requirementProblems(text)) problems.add(property, problem);
    if (python === undefined || text === undefined) return "unknown";
    const wanted = text.split("\n").filter((line) => !/^\s*(#.*)?$/.test(line));
    const addKnown = async (tree: Tree, to: Problems) => {
        const dependencies = new Dependencies(tree, to, (name) => LEFT_OUT.test(name));
        for (const location of [python.written, python.library]) {
            await to.reading(path, () => dependencies.bring(root, location, path));
        }
        for (const [name, entry] of environmentFiles(python)) to.add(path, tree.add(`${ENVIRONMENT}/${name}`, entry));
        await to.reading(path, () => addCommonFiles([root], tree, path, to));
    };
    return {
        key: JSON.stringify([python.version, ENVIRONMENT_VERSION, wanted]),
        filledLater: wanted.length === 0 ? [] : [ENVIRONMENT],
        addKnown: (tree) => addKnown(tree, problems),
        async build(tree, makeArgs) {
            const alone = new Tree();
            await addKnown(alone, new Problems());
            const made = await makeEnvironment(python, wanted, alone.digest(), programDirectory, makeArgs);
            const late = new Problems();
            await late.reading(path, () => addEnvironment(made, tree, root, path, late));
            late.throw();
        },
    };
}

async function findPython(
    root: RootFiles,
    written: string,
    property: Path,
    problems: Problems,
): Promise<Python | undefined> {
    const found = written.startsWith("/") ? await root.find(written) : undefined;
    const version = /\/(python3\.\d+)$/.exec(found?.path ?? "")?.[1];
    if (found === undefined || version === undefined) {
        problems.add(property, {
            what: `There is no Python 3 at ${written} on this machine`,
            todo: `Install it, as with \`apt install python3 python3-venv\`, or give its absolute path`,
        });
        return undefined;
    }
    const prefix = parentOf(parentOf(found.path));
    for (const library of [join(prefix, `lib64/${version}`), join(prefix, `lib/${version}`)]) {
        if ((await root.find(`${library}/os.py`)) !== undefined) {
            return { written, path: found.path, version, library };
        }
    }
    problems.add(property, {
        what: `${written} has no standard library in ${prefix}/lib/${version}`,
        todo: "Install it whole",
    });
    return undefined;
}

/** Reasons why the same requirements may result in other packages later. */
function requirementProblems(text: string): Sentence[] {
    return text
        .replace(/\\\n/g, " ")
        .split("\n")
        .map((line) => line.replace(/(^|\s)#.*/, "").trim())
        .filter((line) => line !== "")
        .flatMap((line) => {
            if (/^(-r|-c|-e|--requirement|--constraint|--editable)\b/.test(line) || /^[./]/.test(line)) {
                return [
                    {
                        what: `'${line}' leads to other files`,
                        todo: `Write the packages themselves, as \`pip freeze\` does`,
                    },
                ];
            }
            if (line.startsWith("-") || /^[\w.-]+(\[[^\]]*\])?\s*(===?\s*[^\s*,]+($|[\s;])|@\s)/.test(line)) return [];
            return [
                {
                    what: `'${line}' has no version of its own`,
                    todo: `Pin it with ==, as \`pip freeze\` does, so that every build has the same`,
                },
            ];
        });
}

/** Makes a directory with `venv` and `cache` (the compiled standard library), once for the same Python and packages. */
function makeEnvironment(
    python: Python,
    wanted: string[],
    pythonDigest: string,
    programDirectory: string,
    { storeDirectory, onProgress, signal }: MakeArgs,
): Promise<string> {
    const key = sha256(JSON.stringify([pythonDigest, ENVIRONMENT_VERSION, wanted]));
    const make = async (directory: string) => {
        const commands = new Commands(python, programDirectory, signal);
        if (wanted.length > 0) await installPackages(commands, wanted, directory, onProgress);
        onProgress("compiling the standard library");
        await commands.compile(python.library, ["-x", "/(test|idlelib|turtledemo|lib2to3)/"], {
            PYTHONPYCACHEPREFIX: nodePath.join(directory, "cache"),
        });
    };
    return directoryInStore(storeDirectory, "runtimes", `${python.version}-${key}`, make, signal);
}

/** Fills DIRECTORY/venv by pip, and compiles its modules for their paths in the image. */
async function installPackages(
    commands: Commands,
    wanted: readonly string[],
    directory: string,
    onProgress: (text: string) => void,
): Promise<void> {
    const { python } = commands;
    const venv = nodePath.join(directory, "venv");
    onProgress("making the Python environment");
    await commands.run(python.path, ["-m", "venv", "--symlinks", venv], {
        what: "the Python environment of the image couldn't be made",
        todo: "Install what it names, on Debian with `apt install python3-venv`",
    });
    const requirements = nodePath.join(directory, "requirements.txt");
    await writeFile(requirements, `${wanted.join("\n")}\n`);
    const pip = (args: string[], problem: Pick<Problem, "what" | "todo">) =>
        commands.run(nodePath.join(venv, "bin/python"), ["-m", "pip", ...args], problem);
    onProgress("installing Python packages");
    await pip(["install", "--quiet", "--no-deps", "--no-compile", "-r", requirements], {
        what: "pip couldn't install the requirements of the image",
        todo: "Check the names and versions in the file, and pip's configuration",
    });
    await pip(["check"], {
        what: "the requirements of the image don't fit together",
        todo: "Write all packages with their versions into the file: `pip freeze` prints them",
    });
    const tools = ["pip", "setuptools"].filter((tool) => !wanted.some((line) => line.startsWith(tool)));
    if (tools.length > 0) {
        const problem = { what: "pip couldn't be left out", todo: "Run `pulumi up` again" };
        await pip(["uninstall", "--quiet", "--yes", ...tools], problem);
    }
    await relocate(venv, python);
    await commands.compile(nodePath.join(venv, "lib", python.version), ["-s", venv, "-p", ENVIRONMENT]);
}

/** Runs Python in the program's directory, without environment variables that could affect the result. */
class Commands {
    constructor(
        readonly python: Python,
        private readonly programDirectory: string,
        private readonly signal: AbortSignal | undefined,
    ) {}

    async run(
        program: string,
        args: string[],
        problem: Pick<Problem, "what" | "todo">,
        more: NodeJS.ProcessEnv = {},
    ): Promise<void> {
        const own = { PYTHONHASHSEED: "0", PIP_NO_INPUT: "1", PIP_DISABLE_PIP_VERSION_CHECK: "1" };
        const { programDirectory: cwd, signal } = this;
        const env = childEnvironment({ ...own, ...more });
        await promisify(execFile)(program, args, { cwd, signal, env, maxBuffer: 1 << 26 }).catch((error) => {
            signal?.throwIfAborted();
            const reported = `${error.stdout ?? ""}${error.stderr ?? error.message}`.slice(-2000);
            throw new UserError({ ...problem, reported });
        });
    }

    /** Compiles the modules of a directory, with hashes in place of time stamps. */
    compile(directory: string, args: string[], more?: NodeJS.ProcessEnv): Promise<void> {
        const options = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", ...args, directory];
        const problem = { what: `Python couldn't compile ${directory}`, todo: "Read what it printed" };
        return this.run(this.python.path, options, problem, more);
    }
}

/**
 * If the interpreter's path is too long for a `#!` line or has a space, pip makes scripts that start it by /bin/sh, which images
 * needn't have. Its path in the image is short, so this restores a plain `#!` line.
 */
function withPlainHead(script: string): string {
    return script.replace(/^#!\/bin\/sh\n'''exec' "?([^"\n]+?)"? "\$0" "\$@"\n' '''\n/, "#!$1\n");
}

/** Adapts an environment to its path in the image, and removes files that are specific to this machine. */
async function relocate(venv: string, python: Python): Promise<void> {
    const bin = nodePath.join(venv, "bin");
    for (const entry of await readdir(bin, { withFileTypes: true })) {
        const file = nodePath.join(bin, entry.name);
        const text = entry.isFile() ? await readFile(file, "latin1") : "";
        if (text.startsWith("#!")) await writeFile(file, withPlainHead(text).replaceAll(venv, ENVIRONMENT), "latin1");
        else await rm(file);
    }
    await rm(nodePath.join(venv, "pyvenv.cfg"));
    await rm(nodePath.join(venv, "include"), { recursive: true, force: true });
    const packages = nodePath.join(venv, "lib", python.version, "site-packages");
    for (const entry of await readdir(packages)) {
        const record = nodePath.join(packages, entry, "RECORD");
        const lines = entry.endsWith(".dist-info") ? await readFile(record, "utf8").catch(() => undefined) : undefined;
        // RECORD has digests of programs, which change with the path in them.
        if (lines !== undefined) await writeFile(record, lines.replace(/^\.\.\/[^\n]*\n/gm, ""));
    }
}

async function addEnvironment(
    made: string,
    tree: Tree,
    root: RootFiles,
    path: Path,
    problems: Problems,
): Promise<void> {
    const add = async (directory: string, to: (name: string) => string) => {
        const entries = await archiveEntries(new Archive({ path: directory }), "/");
        for (const [name, entry] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
            if (entry.kind !== "directory") problems.add(path, tree.add(to(name), entry));
        }
        return [...entries.keys()];
    };
    // Python stores compiled modules next to the source: DIRECTORY/__pycache__/NAME.cpython-311.pyc.
    await add(nodePath.join(made, "cache"), (name) => `${parentOf(`/${name}`)}/__pycache__/${name.split("/").at(-1)}`);
    const venv = nodePath.join(made, "venv");
    if (!(await stat(venv).catch(() => undefined))?.isDirectory()) return;
    const names = await add(venv, (name) => `${ENVIRONMENT}/${name}`);
    const dependencies = new Dependencies(tree, problems);
    for (const name of names.filter((file) => /\.so(\.|$)/.test(file))) {
        await dependencies.bring(root, `${ENVIRONMENT}/${name}`, path);
    }
}

/** The files of an environment that the module venv would write, by path in it. */
function environmentFiles({ written, version }: Python): [string, Entry][] {
    const text = `home = ${parentOf(written)}\ninclude-system-site-packages = false\nversion = ${version.slice("python".length)}\n`;
    return [
        ["pyvenv.cfg", textEntry(text)],
        ["bin/python", { kind: "symlink", target: written }],
        ["bin/python3", { kind: "symlink", target: written }],
    ];
}
