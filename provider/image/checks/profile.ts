import { isYes } from "../../systemd/syntax";
import { assignmentsOf, splitWords } from "../../systemd/unit-file";
import { mountPoints, programs } from "../../systemd/unit-paths";
import { readText } from "../tree/content";
import { isIn } from "../tree/paths";
import type { Tree } from "../tree/tree";
import { socketsOf } from "./activation";
import type { Finding } from "./finding";
import { type ImageFacts, type ImageUnit, mountedOver, services } from "./image-facts";
import { jitFindings } from "./jit";
import type { Started } from "./programs";

/** Directories that programs usually write to, which are read-only in an image. */
const WRITTEN = /^\/(var\/(lib|cache|log|spool|db)|srv|data)\/[^/]/;
/** The setting for a managed directory in place of each of them. */
const MANAGED: [start: string, setting: string][] = [
    ["/var/cache/", "CacheDirectory"],
    ["/var/log/", "LogsDirectory"],
    ["/", "StateDirectory"],
];
/** Pattern of options and variables with the address to listen on. */
const LISTENS = /(port|listen|bind|addr|http|https)/i;

/**
 * Finds what the default security profile forbids a service (portablectl(1), "Profiles").
 */
export async function profileFindings(facts: ImageFacts, started: readonly Started[]): Promise<Finding[]> {
    const accounts = await accountsOf(facts.tree);
    return [
        ...jitFindings(facts.tree, started),
        ...services(facts).flatMap((unit) => [
            ...portFindings(facts, unit),
            ...writeFindings(unit),
            ...accountFindings(unit, accounts),
        ]),
    ].map((finding) => ({ ...finding, dependsOnProfile: true }));
}

/** A value in a command or in Environment=, with its option or variable: `--port 80`, `PORT=80`. */
interface Setting {
    option: string;
    value: string;
    key: string;
    line: number;
}

function settingsOf({ name, parsed }: ImageUnit): Setting[] {
    const found: Setting[] = [];
    for (const { command, key, line } of programs(parsed, name)) {
        if (key !== "ExecStart") continue;
        for (const [index, arg] of command.args.entries()) {
            const equals = arg.startsWith("-") ? arg.indexOf("=") : -1;
            if (equals > 0) found.push({ option: arg.slice(0, equals), value: arg.slice(equals + 1), key, line });
            else if (!arg.startsWith("-")) {
                const before = command.args[index - 1] ?? "";
                found.push({ option: before.startsWith("-") ? before : "", value: arg, key, line });
            }
        }
    }
    for (const { value, line } of assignmentsOf(parsed, "Service", "Environment")) {
        for (const word of splitWords(value) ?? []) {
            const equals = word.indexOf("=");
            if (equals > 0)
                found.push({ option: word.slice(0, equals), value: word.slice(equals + 1), key: "Environment", line });
        }
    }
    return found;
}

/** The port in a value: `80`, `:80`, `0.0.0.0:80`, `[::]:80`, `http://*:80`, `tcp://:80`. */
function portOf({ option, value }: Setting): number | undefined {
    const isPlain = /^\d{1,5}$/.test(value) && (LISTENS.test(option) || option === "-p");
    const port = isPlain ? value : /^(?:[a-z]+:\/\/)?(?:\*|\[[0-9a-fA-F:]*\]|[\d.]*):(\d{1,5})\/?$/.exec(value)?.[1];
    return port === undefined ? undefined : Number(port);
}

function portFindings(facts: ImageFacts, unit: ImageUnit): Finding[] {
    if (socketsOf(facts, unit).length > 0 || assignmentsOf(unit.parsed, "Service", "Sockets").length > 0) return [];
    const setting = settingsOf(unit).find((assignment) => {
        const port = portOf(assignment);
        return port !== undefined && port > 0 && port < 1024;
    });
    if (setting === undefined) return [];
    const port = portOf(setting);
    const capability = assignmentsOf(unit.parsed, "Service", "AmbientCapabilities").find(({ value }) =>
        value.includes("CAP_NET_BIND_SERVICE"),
    );
    const though = capability === undefined ? "" : `, in spite of AmbientCapabilities= in line ${capability.line}`;
    return [
        {
            severity: "warning",
            file: unit.name,
            line: setting.line,
            what: `it seems to listen on port ${port} (${setting.key}= has ${[setting.option, setting.value].filter((part) => part !== "").join(" ")}), and under the default profile a port below 1024 can't be bound (PrivateUsers=yes)${though}`,
            todo: `Add ${unit.name.replace(/@?\.service$/, ".socket")} with ListenStream=${port} where the program takes a socket from systemd, or listen on a port from 1024`,
        },
    ];
}

function writeFindings(unit: ImageUnit): Finding[] {
    const writable = mountedOver(unit);
    const isWritable = (path: string) =>
        writable.some((directory) => isIn(path, directory)) || /^\/(run|tmp|var\/tmp|dev)(\/|$)/.test(path);
    const findings: Finding[] = [];
    for (const { path, key, line } of mountPoints(unit.parsed, unit.name)) {
        if (key !== "ReadWritePaths" || isWritable(path)) continue;
        findings.push({
            severity: "warning",
            file: unit.name,
            line,
            what: `ReadWritePaths=${path} lies in the image, which is read-only whatever the setting says`,
            todo: managed(path),
        });
    }
    const named = new Set<string>();
    for (const { option, value, key, line } of settingsOf(unit)) {
        const path = value.replace(/^file:(\/\/)?/, "").replace(/\/+$/, "");
        if (!WRITTEN.test(path) || isWritable(path) || named.has(path) || path.includes("%")) continue;
        named.add(path);
        findings.push({
            severity: "warning",
            file: unit.name,
            line,
            what: `${key}= has ${[option, path].filter((part) => part !== "").join(" ")}: if the program writes there it fails, as the image is read-only`,
            todo: managed(path),
        });
    }
    return findings;
}

function managed(path: string): string {
    const [start, setting] = MANAGED.find(([prefix]) => path.startsWith(prefix)) as [string, string];
    const inside = path.startsWith("/var/lib/") ? path.slice("/var/lib/".length) : path.slice(start.length);
    return path.startsWith("/var/lib/") || start !== "/"
        ? `Add ${setting}=${inside.split("/")[0]}`
        : `Bind a directory of the host with BindPaths=, or write to a directory of StateDirectory=`;
}

function accountFindings({ name, parsed }: ImageUnit, accounts: ReadonlySet<string>): Finding[] {
    const user = assignmentsOf(parsed, "Service", "User").at(-1);
    if (user === undefined || user.value === "root" || /^\d+$/.test(user.value) || user.value.includes("%")) return [];
    if (isYes(assignmentsOf(parsed, "Service", "DynamicUser").at(-1)?.value)) return [];
    const accountHint = accounts.has(user.value)
        ? "; the account in the image counts for nothing, as the host looks it up"
        : "";
    return [
        {
            severity: "warning",
            file: name,
            line: user.line,
            what: `User=${user.value} is a dynamic user under the default profile, and under trusted an account that the host must have (217/USER)${accountHint}`,
            todo: "Add DynamicUser=yes, or make the account on the host before it is attached with the profile trusted",
        },
    ];
}

/** Names of users in the image's passwd(5). */
async function accountsOf(tree: Tree): Promise<Set<string>> {
    const entry = tree.lookup("/etc/passwd")?.entry;
    if (entry?.kind !== "file") return new Set();
    return new Set((await readText(entry)).split("\n").map((line) => line.split(":")[0] as string));
}
