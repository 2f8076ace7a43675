import { SEARCH_PATH } from "../../systemd/syntax";
import { splitWords, valuesOf } from "../../systemd/unit-file";
import { type Program, programs } from "../../systemd/unit-paths";
import type { Elf } from "../elf/elf";
import type { Loader } from "../elf/loader";
import { readingContent } from "../tree/content";
import { isIn, nameOf, parentOf } from "../tree/paths";
import type { FileEntry, Tree } from "../tree/tree";
import type { Finding } from "./finding";
import { type ImageFacts, type ImageUnit, mountedOver, services } from "./image-facts";
import { elfOf, type ImageFile, imageLoader, libraryProblems } from "./libraries";
import { executableOf, HEAD_BYTES } from "./script";
import { octal } from "./system";

/** A program that a unit starts, with the files that the kernel loads for it. */
export interface Started {
    unit: ImageUnit;
    program: Program;
    /** Chain of files with links resolved: a script, then its interpreter. The last one is ELF if nothing is wrong. */
    chain: { path: string; entry: FileEntry }[];
    elf?: Elf;
}

/** The kernel's limit for chains of interpreters (BINPRM_MAX_RECURSION). */
const MAX_INTERPRETERS = 5;

/**
 * Resolves every command of every service to the files that are loaded, and finds reasons why that would fail (execve(2),
 * ld.so(8)).
 */
export class Programs {
    readonly findings: Finding[] = [];
    readonly started: Started[] = [];
    private readonly elfs = new Map<string, Elf | undefined>();
    private readonly checked = new Set<string>();
    /** Files that can't be started, each of which is reported once. */
    private readonly broken = new Set<string>();

    private readonly loader: Loader<ImageFile>;

    private constructor(private readonly facts: ImageFacts) {
        this.loader = imageLoader(facts.tree, ({ path, entry }) => this.elfOf(path, entry));
    }

    static async inImage(facts: ImageFacts): Promise<Programs> {
        const all = new Programs(facts);
        for (const unit of services(facts)) {
            const outside = mountedOver(unit);
            for (const program of programs(unit.parsed, unit.name)) {
                // systemd ignores a line with a relative path, which is reported by the checks of settings.
                if (program.candidates.every((candidate) => candidate.startsWith("/")))
                    await all.follow(unit, program, outside);
            }
        }
        all.compareArchitectures();
        return all;
    }

    private async follow(unit: ImageUnit, program: Program, outside: readonly string[]): Promise<void> {
        const { tree } = this.facts;
        const location = { severity: "failure" as const, file: unit.name, line: program.line };
        const started: Started = { unit, program, chain: [] };
        const say = (what: string, todo: string) => {
            const named = started.chain[0]?.path ?? `${unit.name} ${program.line} ${program.command.program}`;
            const text = `${named}\0${what.replace(/^\S+/, "")}`;
            if (this.broken.has(text)) return;
            this.broken.add(text);
            this.findings.push({ ...location, what: `${program.key}= runs ${what}`, todo });
        };
        let candidates = program.candidates;
        let via = "";
        for (let depth = 0; depth <= MAX_INTERPRETERS; depth++) {
            const place = locate(tree, candidates, outside);
            if (place === "outside") return;
            const shown = `${via}${candidates.length === 1 ? candidates[0] : nameOf(candidates[0] as string)}`;
            if ("problem" in place) return say(`${shown}, ${place.problem}`, place.todo);
            started.chain.push(place);
            const key = `${place.path}\0${via}`;
            const isNew = !this.checked.has(key);
            this.checked.add(key);
            if (isNew) this.checkAccess(started, shown);
            const executable = executableOf(await readingContent(place.entry, (readAt) => readAt(0, HEAD_BYTES)));
            if (executable.kind === "program") {
                await this.load(started, shown, say, outside, isNew);
                this.started.push(started);
                return;
            }
            if (executable.kind === "unusable") {
                const { isScript, problem } = executable;
                if (!isScript) this.started.push(started);
                if (isScript || isNew) say(`${shown}, ${problem.what}`, problem.todo);
                return;
            }
            const { interpreter, args } = executable;
            via = `${shown}, a script for `;
            const found = interpretersOf(interpreter, args, unit);
            const env = found.env === undefined ? "outside" : locate(tree, [found.env], outside);
            if (env !== "outside" && "problem" in env) return say(`${via}${interpreter}, ${env.problem}`, env.todo);
            candidates = found.candidates;
        }
        say(`${program.command.program}, a circle of scripts`, "Give one of them a program as its interpreter");
    }

    /** Warns of a file that only root may execute. */
    private checkAccess({ unit, program, chain }: Started, shown: string): void {
        const closed = closedTo(this.facts.tree, chain.at(-1) as Started["chain"][number]);
        if (closed === undefined) return;
        this.findings.push({
            severity: "warning",
            file: unit.name,
            line: program.line,
            dependsOnProfile: true,
            what: `${program.key}= runs ${shown}, and under the default profile the service isn't root: ${closed}`,
            todo: "Let everybody read and execute it: mode 0755",
        });
    }

    private async load(
        started: Started,
        shown: string,
        say: (what: string, todo: string) => void,
        outside: readonly string[],
        isNew: boolean,
    ): Promise<void> {
        const { path, entry } = started.chain.at(-1) as { path: string; entry: FileEntry };
        const elf = await this.elfOf(path, entry);
        started.elf = elf;
        if (!isNew) return;
        if (elf === undefined) {
            say(`${shown}, which isn't a program: an object file, or damaged`, "Link it, or build it again");
            return;
        }
        if (elf.endsAt > entry.size) {
            say(
                `${shown}, which is cut short: ${entry.size} of ${elf.endsAt} bytes are there`,
                "Copy or build it again",
            );
            return;
        }
        if (elf.interpreter === undefined) return;
        const loader = locate(this.facts.tree, [elf.interpreter], outside);
        if (loader === "outside") return;
        if ("problem" in loader) {
            say(
                `${shown}, a program whose loader is ${elf.interpreter}, ${loader.problem} (systemd would only say that ${nameOf(path)} isn't there)`,
                "Link the program statically, or add the loader and the libraries: `binaries` of the source `files` brings them",
            );
            return;
        }
        const search = valuesOf(started.unit.parsed, "Service", "Environment")
            .flatMap((value) => splitWords(value) ?? [])
            .filter((word) => word.startsWith("LD_LIBRARY_PATH="))
            .flatMap((word) => word.slice("LD_LIBRARY_PATH=".length).split(":"));
        const program = { name: path, path, file: { path, content: entry.content, entry }, elf, isConfigured: false };
        for (const { what, todo } of await libraryProblems(this.loader, program, search, outside))
            say(`${shown}, and ${what}`, todo);
    }

    private async elfOf(path: string, entry: FileEntry): Promise<Elf | undefined> {
        if (!this.elfs.has(path)) this.elfs.set(path, await elfOf(entry));
        return this.elfs.get(path);
    }

    /** Reports programs for different architectures, one of which comes from a wrong build. */
    private compareArchitectures(): void {
        const [first, ...others] = this.started.filter(({ elf }) => elf !== undefined);
        const named = new Set<string>();
        for (const { elf, unit, program, chain } of others) {
            const path = chain.at(-1)?.path as string;
            if (elf?.architecture === first?.elf?.architecture || named.has(path)) continue;
            named.add(path);
            this.findings.push({
                severity: "failure",
                file: unit.name,
                line: program.line,
                what: `${program.key}= runs ${path}, which is for ${elf?.architecture}, while ${first?.chain.at(-1)?.path} is for ${first?.elf?.architecture}`,
                todo: "Build both for the architecture of the host",
            });
        }
    }
}

type Place = { path: string; entry: FileEntry } | { problem: string; todo: string } | "outside";

/** The first executable one of the paths. `outside`: paths that are mounted over the image. */
function locate(tree: Tree, candidates: readonly string[], outside: readonly string[]): Place {
    let found: Place | undefined;
    for (const candidate of candidates) {
        const place = tree.lookup(candidate);
        if (
            outside.some(
                (mountPoint) => isIn(candidate, mountPoint) || (place !== undefined && isIn(place.path, mountPoint)),
            )
        )
            return "outside";
        if (place === undefined)
            found ??= { problem: "a circle of symbolic links", todo: "Let one of them lead to a file" };
        else if (place.entry?.kind === "file") {
            if (place.entry.mode & 0o111) return { path: place.path, entry: place.entry };
            found ??= {
                problem: `which may not be executed: it has mode ${octal(place.entry.mode)}`,
                todo: "Give it mode 0755",
            };
        } else if (place.entry !== undefined)
            found ??= { problem: "which is a directory", todo: "Name the program in it" };
        else if (place.path !== candidate && candidates.length === 1) {
            found ??= { problem: `which leads to ${place.path}, and the image has no such file`, todo: "Add it" };
        }
    }
    return found ?? { problem: "and the image has no such file", todo: "Add it, or correct the path" };
}

/** Why a service with another user than root can't use the file; everything in an image belongs to root. */
function closedTo(tree: Tree, { path, entry }: { path: string; entry: FileEntry }): string | undefined {
    if (!(entry.mode & 0o001)) return `${path} has mode ${octal(entry.mode)}`;
    for (let parent = parentOf(path); parent !== "/"; parent = parentOf(parent)) {
        const directory = tree.get(parent);
        if (directory?.kind === "directory" && !(directory.mode & 0o001))
            return `${parent} has mode ${octal(directory.mode)}`;
    }
    return undefined;
}

/** Possible paths of an interpreter: `#!/usr/bin/env -S python3 -u` searches python3 in the unit's PATH. */
function interpretersOf(interpreter: string, args: string[], unit: ImageUnit): { candidates: string[]; env?: string } {
    if (nameOf(interpreter) !== "env") return { candidates: [interpreter] };
    const name = args.find((argument) => !argument.startsWith("-") && !argument.includes("="));
    if (name === undefined || name.startsWith("/")) return { candidates: [name ?? interpreter], env: interpreter };
    const own = valuesOf(unit.parsed, "Service", "Environment")
        .flatMap((value) => splitWords(value) ?? [])
        .findLast((word) => word.startsWith("PATH="));
    const search = own === undefined ? SEARCH_PATH : own.slice("PATH=".length).split(":");
    return { candidates: search.map((directory) => `${directory}/${name}`), env: interpreter };
}
