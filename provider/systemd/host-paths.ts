import { assignmentsOf, splitCommands, splitWords, type UnitFile } from "./unit-file";
import { expandSpecifiers } from "./unit-paths";

/** A path in a unit that systemd looks up on the host, even if the service has a root image. */
export interface HostPath {
    path: string;
    key: string;
    /** Line of the setting, from 1. */
    line: number;
    /** What systemd does with it: "reads it", "looks for it". */
    use: string;
    /** Whether the path is a pattern (glob(7)). */
    isPattern: boolean;
}

/** Settings of [Unit] whose value is a path, after `|` and `!` (systemd.unit(5)). */
const CONDITIONS = [
    ...["PathExists", "PathIsDirectory", "PathIsSymbolicLink", "PathIsMountPoint", "PathIsReadWrite"],
    ...["PathIsEncrypted", "PathIsSocket", "DirectoryNotEmpty", "FileNotEmpty", "FileIsExecutable", "PathExistsGlob"],
].flatMap((kind) => [`Condition${kind}`, `Assert${kind}`]);
/** Settings with the paths that a path unit watches (systemd.path(5)). */
const WATCHED = ["PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"];
/** Commands of a socket: portabled gives the image to services alone (systemd.socket(5)). */
const SOCKET_COMMANDS = ["ExecStartPre", "ExecStartPost", "ExecStopPre", "ExecStopPost"];
/** Settings whose value may be a pattern of paths. */
const PATTERNS = /^EnvironmentFile$|Glob$/;
/** Settings with values `ID:PATH`, which systemd itself reads (systemd.exec(5)). */
const CREDENTIALS = ["LoadCredential", "LoadCredentialEncrypted"];

/** Paths that systemd uses outside of a service's root. */
export function hostPaths(unit: UnitFile, unitName: string): HostPath[] {
    const found: HostPath[] = [];
    const add = (section: string, keys: readonly string[], use: string, pathsIn: (value: string) => string[]) => {
        for (const key of keys) {
            for (const { value, line } of assignmentsOf(unit, section, key)) {
                for (const written of pathsIn(value)) {
                    const path = expandSpecifiers(written, unitName);
                    if (path?.startsWith("/")) found.push({ path, key, line, use, isPattern: PATTERNS.test(key) });
                }
            }
        }
    };
    add("Service", ["EnvironmentFile"], "reads it", (value) => [unquoted(value).replace(/^-/, "")]);
    add("Service", CREDENTIALS, "reads it", (value) => [unquoted(value).replace(/^[^:]*:/, "")]);
    add("Service", ["StandardInput", "StandardOutput", "StandardError"], "opens it", (value) => [
        /^(?:file|append|truncate):(.*)/.exec(value)?.[1] ?? "",
    ]);
    add("Service", ["OpenFile"], "opens it", (value) => [value.replace(/:.*/, "")]);
    // A path that is bound to itself is often a file of the image to be replaced by the host's.
    add("Service", ["BindPaths", "BindReadOnlyPaths"], "looks for it", (value) =>
        (splitWords(value) ?? []).flatMap((word) => {
            const [from = "", to = from] = word.replace(/^-/, "").split(":");
            return to === "" || to === from ? [] : [from];
        }),
    );
    add("Socket", SOCKET_COMMANDS, "runs it", (value) => (splitCommands(value) ?? []).map(({ program }) => program));
    add("Unit", CONDITIONS, "looks for it", (value) => [value.replace(/^[|!\s]*/, "")]);
    add("Path", WATCHED, "watches it", (value) => [value]);
    return found;
}

/** The path in PIDFile=; a relative one is below /run (systemd.service(5)). */
export function pidFile(unit: UnitFile, unitName: string): { path: string; line: number } | undefined {
    const last = assignmentsOf(unit, "Service", "PIDFile").at(-1);
    const path = last && expandSpecifiers(last.value, unitName);
    if (last === undefined || path === undefined) return undefined;
    const absolute = path.startsWith("/") ? path : `/run/${path}`;
    return { path: absolute.replace(/^\/var\/run\//, "/run/"), line: last.line };
}

/** Paths of the host to which a service can write under the same path. */
export function sharedPaths(unit: UnitFile, directoriesOf: (key: string) => string | undefined): string[] {
    return unit.assignments.flatMap(({ section, key, value }) => {
        if (section !== "Service") return [];
        const words = splitWords(value) ?? [];
        const base = directoriesOf(key);
        if (base !== undefined) return words.map((word) => `${base}/${word.split(":")[0]}`);
        if (key !== "BindPaths") return [];
        return words.flatMap((word) => {
            const [from = "", to = from] = word.replace(/^-/, "").split(":");
            return from === to ? [from] : [];
        });
    });
}

function unquoted(value: string): string {
    return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}
