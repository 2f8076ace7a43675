import { execFile } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import nodePath from "node:path";
import { promisify } from "node:util";
import { sha256 } from "../../../digest";
import { UserError } from "../../../errors";
import { Archive, type Path, type Previewed, pathText, Unknown } from "../../../schema/values";
import { directoryInStore } from "../../store/directories";
import { archiveEntries, localText } from "../../tree/local-files";
import { join, parentOf } from "../../tree/paths";
import { RootFiles } from "../../tree/root-files";
import { Tree, textEntry } from "../../tree/tree";
import type { LoadArgs, MakeArgs } from "../loaded";
import { Problems } from "../problems";
import { addCommonFiles } from "./common-files";
import { Dependencies } from "./dependencies";
import type { Runtime } from "./runtime";
import type { PythonRuntimeSource } from "./schema";

/** Raised when the environment is made in another way: the same requirements then give another one. */
const ENVIRONMENT_VERSION = 1;
const ENVIRONMENT = "/opt/venv";
/** Of the standard library, what no service runs: tests, the graphical editor, and files to build extensions. */
const LEFT_OUT = /^(test|idlelib|turtledemo|lib2to3|config-.*|__pycache__)$/;

interface Python {
    /** As the user wrote it: "/usr/bin/python3". */
    written: string;
    /** Where its links lead: "/usr/bin/python3.11". */
    path: string;
    /** "python3.11" */
    version: string;
    /** Its standard library: "/usr/lib/python3.11". */
    library: string;
}

/** The Python of this machine, and a virtual environment that pip fills by `up`. */
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
    const at = [...path, "requirements"];
    const text = file === undefined ? "" : await problems.reading(at, () => localText(file, programDirectory));
    if (text !== undefined) for (const problem of requirementProblems(text)) problems.add(at, problem);
    if (python === undefined || text === undefined) return "unknown";
    const wanted = text.split("\n").filter((line) => !/^\s*(#.*)?$/.test(line));
    const addKnown = async (tree: Tree, to: Problems) => {
        const dependencies = new Dependencies(tree, to, (name) => LEFT_OUT.test(name));
        for (const each of [python.written, python.library]) {
            await to.reading(path, () => dependencies.bring(root, each, path));
        }
        await to.reading(path, () => addCommonFiles([root], tree, path, to));
    };
    return {
        key: JSON.stringify([python.version, ENVIRONMENT_VERSION, wanted]),
        filledLater: [ENVIRONMENT],
        addKnown: (tree) => addKnown(tree, problems),
        async build(tree, makeArgs) {
            const alone = new Tree();
            await addKnown(alone, new Problems());
            const made = await makeEnvironment(python, wanted, alone.digest(), programDirectory, makeArgs);
            const late = new Problems();
            await late.reading(path, () => addEnvironment(made, python, tree, root, path, late));
            const [first] = late.failures;
            if (first !== undefined) {
                throw new UserError({ property: pathText(first.path), what: first.what.replace(/\.$/, "") });
            }
        },
    };
}

async function findPython(root: RootFiles, written: string, at: Path, problems: Problems): Promise<Python | undefined> {
    const found = written.startsWith("/") ? await root.find(written) : undefined;
    const version = /\/(python3\.\d+)$/.exec(found?.path ?? "")?.[1];
    if (found === undefined || version === undefined) {
        problems.add(
            at,
            `There is no Python 3 at ${written} on this machine. Install it, as with \`apt install python3 python3-venv\`, or give its absolute path.`,
        );
        return undefined;
    }
    const prefix = parentOf(parentOf(found.path));
    for (const library of [join(prefix, `lib64/${version}`), join(prefix, `lib/${version}`)]) {
        if ((await root.find(`${library}/os.py`)) !== undefined) {
            return { written, path: found.path, version, library };
        }
    }
    problems.add(at, `${written} has no standard library in ${prefix}/lib/${version}. Install it whole.`);
    return undefined;
}

/** What keeps the same requirements from giving the same packages tomorrow. */
function requirementProblems(text: string): string[] {
    return text
        .replace(/\\\n/g, " ")
        .split("\n")
        .map((line) => line.replace(/(^|\s)#.*/, "").trim())
        .filter((line) => line !== "")
        .flatMap((line) => {
            if (/^(-r|-c|-e|--requirement|--constraint|--editable)\b/.test(line) || /^[./]/.test(line)) {
                return [`'${line}' leads to other files. Write the packages themselves, as \`pip freeze\` does.`];
            }
            if (line.startsWith("-") || /^[\w.-]+(\[[^\]]*\])?\s*(===?\s*[^\s*,]+($|[\s;])|@\s)/.test(line)) return [];
            return [
                `'${line}' has no version of its own. Pin it with ==, as \`pip freeze\` does, so that every build has the same.`,
            ];
        });
}

/** Directory with `venv` and `cache`, the compiled standard library; made once for the same Python and packages. */
function makeEnvironment(
    python: Python,
    wanted: string[],
    pythonDigest: string,
    programDirectory: string,
    { storeDirectory, onProgress, signal }: MakeArgs,
): Promise<string> {
    const key = sha256(JSON.stringify([pythonDigest, ENVIRONMENT_VERSION, wanted]));
    return directoryInStore(storeDirectory, "runtimes", `${python.version}-${key}`, async (directory) => {
        const environment = {
            ...process.env,
            PYTHONHASHSEED: "0",
            PIP_NO_INPUT: "1",
            PIP_DISABLE_PIP_VERSION_CHECK: "1",
        };
        const run = (program: string, args: string[], what: string, todo: string, more: NodeJS.ProcessEnv = {}) =>
            promisify(execFile)(program, args, {
                cwd: programDirectory,
                signal,
                env: { ...environment, ...more },
                maxBuffer: 1 << 26,
            }).catch((error) => {
                signal?.throwIfAborted();
                throw new UserError({
                    what,
                    said: `${error.stdout ?? ""}${error.stderr ?? error.message}`.slice(-2000),
                    todo,
                });
            });
        const compile = (at: string, args: string[], more?: NodeJS.ProcessEnv) =>
            run(
                python.path,
                ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", ...args, at],
                `Python couldn't compile ${at}`,
                "Look at what it says",
                more,
            );

        const venv = nodePath.join(directory, "venv");
        if (wanted.length > 0) {
            onProgress("making the Python environment");
            await run(
                python.path,
                ["-m", "venv", "--symlinks", venv],
                "the Python environment of the image couldn't be made",
                "Install what it names, on Debian with `apt install python3-venv`",
            );
            const requirements = nodePath.join(directory, "requirements.txt");
            await writeFile(requirements, `${wanted.join("\n")}\n`);
            const pip = nodePath.join(venv, "bin/python");
            onProgress("installing Python packages");
            await run(
                pip,
                ["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "-r", requirements],
                "pip couldn't install the requirements of the image",
                "Look at the names and versions in the file, and at pip's configuration",
            );
            await run(
                pip,
                ["-m", "pip", "check"],
                "the requirements of the image don't fit together",
                "Write all packages with their versions into the file: `pip freeze` prints them",
            );
            const tools = ["pip", "setuptools"].filter((tool) => !wanted.some((line) => line.startsWith(tool)));
            if (tools.length > 0) {
                await run(
                    pip,
                    ["-m", "pip", "uninstall", "--quiet", "--yes", ...tools],
                    "pip couldn't be left out",
                    "Run `pulumi up` again",
                );
            }
            await settle(venv, python);
            const stripped = ["-s", venv, "-p", ENVIRONMENT];
            await compile(nodePath.join(venv, "lib", python.version), stripped);
        }
        onProgress("compiling the standard library");
        await compile(python.library, ["-x", "/(test|idlelib|turtledemo|lib2to3)/"], {
            PYTHONPYCACHEPREFIX: nodePath.join(directory, "cache"),
        });
    });
}

/** Makes an environment one of its place in the image, and leaves out what is of this machine. */
async function settle(venv: string, python: Python): Promise<void> {
    const bin = nodePath.join(venv, "bin");
    for (const entry of await readdir(bin, { withFileTypes: true })) {
        const file = nodePath.join(bin, entry.name);
        const text = entry.isFile() ? await readFile(file, "latin1") : "";
        if (text.startsWith("#!")) await writeFile(file, text.replaceAll(venv, ENVIRONMENT), "latin1");
        else await rm(file);
    }
    await rm(nodePath.join(venv, "pyvenv.cfg"));
    await rm(nodePath.join(venv, "include"), { recursive: true, force: true });
    const packages = nodePath.join(venv, "lib", python.version, "site-packages");
    for (const entry of await readdir(packages)) {
        const record = nodePath.join(packages, entry, "RECORD");
        const lines = entry.endsWith(".dist-info") ? await readFile(record, "utf8").catch(() => undefined) : undefined;
        // With the digests of the programs, which name their place.
        if (lines !== undefined) await writeFile(record, lines.replace(/^\.\.\/[^\n]*\n/gm, ""));
    }
}

async function addEnvironment(
    made: string,
    python: Python,
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
    // Python looks for what it compiled beside the source: DIRECTORY/__pycache__/NAME.cpython-311.pyc.
    await add(nodePath.join(made, "cache"), (name) => `${parentOf(`/${name}`)}/__pycache__/${name.split("/").at(-1)}`);
    const venv = nodePath.join(made, "venv");
    if (!(await stat(venv).catch(() => undefined))?.isDirectory()) return;
    const names = await add(venv, (name) => `${ENVIRONMENT}/${name}`);
    problems.add(path, tree.add(`${ENVIRONMENT}/pyvenv.cfg`, textEntry(configuration(python))));
    for (const [name, target] of [
        ["python", python.written],
        ["python3", python.written],
    ] as const) {
        problems.add(path, tree.add(`${ENVIRONMENT}/bin/${name}`, { kind: "symlink", target }));
    }
    const dependencies = new Dependencies(tree, problems);
    for (const name of names.filter((each) => /\.so(\.|$)/.test(each))) {
        await dependencies.bring(root, `${ENVIRONMENT}/${name}`, path);
    }
}

/** pyvenv.cfg, as the module venv writes it. */
function configuration(python: Python): string {
    return `home = ${parentOf(python.written)}\ninclude-system-site-packages = false\nversion = ${python.version.slice("python".length)}\n`;
}
