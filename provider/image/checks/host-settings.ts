import { API_DIRECTORIES, DIRECTORY_BASES } from "../../systemd/exec-directories";
import { hostPaths, pidFile, sharedPaths } from "../../systemd/host-paths";
import { isVariableName } from "../../systemd/syntax";
import { assignmentsOf, lastValueOf, splitWords, valuesOf } from "../../systemd/unit-file";
import { expandSpecifiers } from "../../systemd/unit-paths";
import { globOf, isIn, join } from "../tree/paths";
import type { Tree } from "../tree/tree";
import type { Finding } from "./finding";
import { type ImageFacts, type ImageUnit, services } from "./image-facts";

/** Directories of programs: a path there in a unit is meant to be in the image. */
const PROGRAMS = ["/usr", "/opt", "/bin", "/sbin", "/lib", "/app"];

/** Finds settings that have another effect in an image: systemd uses their paths on the host, or ignores them. */
export function hostSettingFindings(facts: ImageFacts): Finding[] {
    return [
        ...facts.units.flatMap((unit) => [...hostPathFindings(facts, unit), ...defaultInstanceFindings(unit)]),
        ...services(facts).flatMap((unit) => [...pidFileFindings(unit), ...variableFindings(unit)]),
    ];
}

/** Finds settings with paths in the image that systemd uses on the host. */
function hostPathFindings({ tree }: ImageFacts, { name, parsed }: ImageUnit): Finding[] {
    return hostPaths(parsed, name)
        .filter(({ path }) => !API_DIRECTORIES.some((directory) => isIn(path, directory)))
        .filter(({ path, key, isPattern }) => {
            if (isPattern && /[*?]/.test(path)) return hasMatch(tree, globOf(path));
            const found = tree.lookup(path);
            if (found?.entry === undefined || found.entry.kind === "file") return found?.entry !== undefined;
            return (
                PROGRAMS.some((directory) => isIn(path, directory)) ||
                (key.endsWith("DirectoryNotEmpty") && hasFiles(tree, found.path))
            );
        })
        .map(({ path, key, line, use }) => ({
            severity: "warning",
            file: name,
            line,
            what: `${key}= names ${path}, which is in the image, and systemd ${use} on the host`,
            todo:
                key === "EnvironmentFile" || key.startsWith("LoadCredential")
                    ? "Put the file on the host with `files` of the AttachedService, or its settings into the unit"
                    : "Name a path of the host, or remove the setting",
        }));
}

function hasMatch(tree: Tree, pattern: RegExp): boolean {
    return tree.sorted().some(([path, { kind }]) => kind !== "directory" && pattern.test(path));
}

function hasFiles(tree: Tree, directory: string): boolean {
    return tree.names(directory).some((name) => tree.get(join(directory, name))?.kind === "file");
}

/** Finds a PIDFile= in a directory that only the service sees. */
function pidFileFindings({ name, parsed }: ImageUnit): Finding[] {
    const file = pidFile(parsed, name);
    if (file === undefined) return [];
    const shared = sharedPaths(parsed, (key) => DIRECTORY_BASES[key]);
    if (shared.some((sharedPath) => isIn(file.path, expandSpecifiers(sharedPath, name) ?? sharedPath))) return [];
    const isForking = lastValueOf(parsed, "Service", "Type") === "forking";
    const effect = isForking ? "and the start would time out" : "and doesn't find it";
    return [
        {
            severity: "warning",
            file: name,
            line: file.line,
            what: `PIDFile= is ${file.path}, which the service writes where only it sees it: systemd looks for it on the host, ${effect}`,
            todo: "Write it into a directory of RuntimeDirectory=, or let the program run in the foreground without PIDFile=",
        },
    ];
}

function variableFindings({ name, parsed }: ImageUnit): Finding[] {
    return assignmentsOf(parsed, "Service", "Environment").flatMap(({ value, line }) =>
        (splitWords(value) ?? [])
            .filter((word) => !word.replace(/=.*/s, "").includes("%"))
            .flatMap((word): Finding[] => {
                const variable = word.replace(/=.*/s, "");
                const finding = { severity: "warning" as const, file: name, line };
                if (!isVariableName(variable)) {
                    const what = `Environment= sets '${variable}', which systemd drops: names of variables have letters, digits and _ only`;
                    return [
                        {
                            ...finding,
                            what,
                            todo: "Let the program take another name, or start it by `env` in ExecStart=",
                        },
                    ];
                }
                if (word.includes("=")) return [];
                const what = `Environment= has '${word}', which systemd drops: it sets no value`;
                return [
                    {
                        ...finding,
                        what,
                        todo: "Write it as NAME=VALUE, or pass on the manager's variable with PassEnvironment=",
                    },
                ];
            }),
    );
}

/** Finds a DefaultInstance= without effect: it only has one for a template with an [Install] section. */
function defaultInstanceFindings({ name, parsed }: ImageUnit): Finding[] {
    const assignment = assignmentsOf(parsed, "Install", "DefaultInstance").at(-1);
    if (assignment === undefined || assignment.value === "") return [];
    const finding = { severity: "warning" as const, file: name, line: assignment.line };
    if (!/@\.[a-z]+$/.test(name)) {
        const what = "DefaultInstance= counts in templates only, and this unit isn't one: its name has no @";
        return [{ ...finding, what, todo: "Remove it, or make the unit a template" }];
    }
    if (["WantedBy", "RequiredBy", "UpheldBy"].some((key) => valuesOf(parsed, "Install", key).length > 0)) return [];
    const instance = name.replace("@.", `@${assignment.value}.`);
    return [
        {
            ...finding,
            what: `DefaultInstance= is ${assignment.value}, and nothing starts ${instance}: [Install] names no unit that wants it`,
            todo: "Add WantedBy=multi-user.target to [Install]",
        },
    ];
}
