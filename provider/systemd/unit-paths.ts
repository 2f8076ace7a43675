import { API_DIRECTORIES, DIRECTORY_BASES } from "./exec-directories";
import { SEARCH_PATH } from "./syntax";
import { assignmentsOf, type Command, splitCommands, splitWords, type UnitFile } from "./unit-file";

/** Settings of host directories that systemd mounts into a service, without those in /run, which need no mount point. */
const { RuntimeDirectory: _, ...MANAGED_DIRECTORIES } = DIRECTORY_BASES;
/** Settings whose value is a list of SOURCE[:DESTINATION[:OPTIONS]]. */
const BINDS = ["BindPaths", "BindReadOnlyPaths"];
/** Settings whose paths must exist in the image. */
const ACCESS = ["ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths"];
const COMMANDS = [
    "ExecCondition",
    "ExecStartPre",
    "ExecStart",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPost",
];
/** Files that are often bind-mounted, and whose names don't look like those of files. */
const KNOWN_FILES = [
    "/etc/hosts",
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hostname",
];

export interface MountPoint {
    path: string;
    kind: "file" | "directory";
    /** Whether something is mounted on it; otherwise it must only exist. */
    mounted: boolean;
    /** The setting that needs it. */
    key: string;
    /** Line of the setting, from 1. */
    line: number;
}

/**
 * Lists the paths that a read-only image must have for a service to start, since systemd can't make mount points in it. Only the
 * host knows whether a bind-mounted path is a file; a name with an extension (other than `.d`) is taken for one.
 */
export function mountPoints(unit: UnitFile, unitName: string): MountPoint[] {
    const found: MountPoint[] = [];
    const add = ({ key, line }: Word, written: string, mounted: boolean, kind?: MountPoint["kind"]) => {
        const expanded = expandSpecifiers(written, unitName);
        const path = expanded === undefined ? undefined : normalize(expanded);
        if (
            path === undefined ||
            path === "/" ||
            API_DIRECTORIES.some((directory) => path === directory || path.startsWith(`${directory}/`))
        )
            return;
        const guessedKind = looksLikeFile(expanded as string) ? "file" : "directory";
        found.push({ path, mounted, kind: kind ?? guessedKind, key, line });
    };
    for (const [key, base] of Object.entries(MANAGED_DIRECTORIES)) {
        for (const word of wordsOf(unit, key)) add(word, `${base}/${splitColons(word.text)[0]}`, true, "directory");
    }
    for (const key of BINDS) {
        for (const word of wordsOf(unit, key)) {
            const [from, to] = splitColons(word.text.replace(/^-/, ""));
            add(word, to || (from as string), true);
        }
    }
    for (const word of wordsOf(unit, "MountImages")) {
        const [, to] = splitColons(word.text.replace(/^-/, ""));
        if (to) add(word, to, true, "directory");
    }
    for (const word of wordsOf(unit, "TemporaryFileSystem")) {
        add(word, splitColons(word.text)[0] as string, true, "directory");
    }
    for (const key of ACCESS) {
        for (const word of wordsOf(unit, key)) {
            if (!word.text.startsWith("-")) add(word, word.text.replace(/^\+/, ""), false);
        }
    }
    const directory = assignmentsOf(unit, "Service", "WorkingDirectory").at(-1);
    if (directory?.value.startsWith("/")) {
        add({ key: directory.key, line: directory.line, text: directory.value }, directory.value, false, "directory");
    }
    return found;
}

/** A program that a service runs from its image. */
export interface Program {
    key: string;
    line: number;
    command: Command;
    /** Possible paths: the path of the program, or for a bare name those in the search path. */
    candidates: string[];
}

/** Programs that must be in the image: without those that may fail (`-`) or whose path only the host knows. */
export function programs(unit: UnitFile, unitName: string): Program[] {
    const search = wordsOf(unit, "ExecSearchPath").flatMap(({ text }) => text.split(":"));
    return COMMANDS.flatMap((key) =>
        assignmentsOf(unit, "Service", key).flatMap(({ value, line }) =>
            (splitCommands(value) ?? []).flatMap((command) => {
                if (/[-+]/.test(command.prefix)) return [];
                const program = expandSpecifiers(command.program, unitName);
                if (program === undefined || program === "") return [];
                const candidates = program.includes("/")
                    ? [program]
                    : (search.length > 0 ? search : SEARCH_PATH).map((directory) => `${directory}/${program}`);
                return [{ key, line, command: { ...command, program }, candidates }];
            }),
        ),
    );
}

/** A word of a setting's value. */
interface Word {
    key: string;
    line: number;
    text: string;
}

function wordsOf(unit: UnitFile, key: string): Word[] {
    return assignmentsOf(unit, "Service", key).flatMap(({ value, line }) =>
        (splitWords(value) ?? []).map((text) => ({ key, line, text })),
    );
}

/** Splits at unescaped colons: `a:b\:c` into `a` and `b:c`. */
function splitColons(word: string): string[] {
    return word.split(/(?<!\\):/).map((part) => part.replaceAll("\\:", ":"));
}

function looksLikeFile(path: string): boolean {
    if (path.endsWith("/")) return false;
    if (KNOWN_FILES.includes(path)) return true;
    return /[^/]\.[A-Za-z0-9]+$/.test(path) && !path.endsWith(".d");
}

function normalize(path: string): string | undefined {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (!path.startsWith("/") || parts.includes("..")) return undefined;
    return `/${parts.join("/")}`;
}

/** Resolves specifiers that are known without the host (systemd.unit(5), "SPECIFIERS"); undefined if there are others. */
export function expandSpecifiers(text: string, unitName: string): string | undefined {
    const name = unitName.slice(0, unitName.lastIndexOf("."));
    const atSign = name.indexOf("@");
    const instance = atSign < 0 ? "" : name.slice(atSign + 1) || undefined;
    const prefix = atSign < 0 ? name : name.slice(0, atSign);
    const values: Record<string, string | undefined> = {
        "%": "%",
        n: instance === undefined ? undefined : unitName,
        N: instance === undefined ? undefined : name,
        p: prefix,
        j: prefix.slice(prefix.lastIndexOf("-") + 1),
        i: instance,
        S: "/var/lib",
        C: "/var/cache",
        L: "/var/log",
        E: "/etc",
        t: "/run",
        T: "/tmp",
        V: "/var/tmp",
    };
    let isKnown = true;
    const expanded = text.replace(/%(.)/g, (_, letter: string) => {
        const value = values[letter];
        isKnown &&= value !== undefined;
        return value ?? "";
    });
    return isKnown ? expanded : undefined;
}
