import { REPLACED_DIRECTORIES } from "../../systemd/exec-directories";
import { parseUnit } from "../../systemd/unit-file";
import { mountPoints } from "../../systemd/unit-paths";
import { readText } from "../tree/content";
import type { Tree } from "../tree/tree";
import type { Finding } from "./finding";
import { type ImageFacts, services } from "./image-facts";

/** Files of the host that every profile of systemd bind-mounts. */
const BOUND_FILES = ["/etc/machine-id", "/etc/resolv.conf"];
/** The mode bits by which any user can enter and list a directory. */
const OPEN_TO_ALL = 0o005;

/**
 * Checks for the files that portabled and systemd require in an image ("Portable Services Introduction", "Requirements on
 * Images").
 */
export async function systemFindings(facts: ImageFacts): Promise<Finding[]> {
    return [...rootFindings(facts.tree), ...(await osReleaseFindings(facts)), ...mountPointFindings(facts)];
}

function rootFindings(tree: Tree): Finding[] {
    const root = tree.get("/");
    if (root?.kind !== "directory" || (root.mode & OPEN_TO_ALL) === OPEN_TO_ALL) return [];
    return [
        {
            severity: "failure",
            file: "/",
            what: `the root directory has mode ${octal(root.mode)}, so a service that isn't root's can't enter it (200/CHDIR)`,
            todo: "Give it mode 0755",
        },
    ];
}

export function octal(mode: number): string {
    return mode.toString(8).padStart(4, "0");
}

async function osReleaseFindings({ name, tree }: ImageFacts): Promise<Finding[]> {
    for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
        const place = tree.lookup(path);
        if (place?.entry?.kind !== "file") continue;
        return prefixFindings(path, name, await readText(place.entry));
    }
    return [
        {
            severity: "failure",
            file: "/usr/lib/os-release",
            what: "the image has no os-release, and portablectl refuses it",
            todo: "Add /usr/lib/os-release with ID= and VERSION_ID=, as os-release(5) says",
        },
    ];
}

/** Checks PORTABLE_PREFIXES in os-release(5), which limits the names that can be attached (portablectl(1)). */
function prefixFindings(path: string, name: string, text: string): Finding[] {
    const assignments = parseUnit(`[os-release]\n${text}`).assignments;
    const prefixes = assignments.find(({ key }) => key === "PORTABLE_PREFIXES");
    const words = (prefixes?.value ?? "").replace(/^(["'])(.*)\1$/, "$2").split(/\s+/);
    if (prefixes === undefined || words.includes(name) || words.join("") === "") return [];
    return [
        {
            severity: "failure",
            file: path,
            line: prefixes.line - 1,
            what: `PORTABLE_PREFIXES=${words.join(" ")} doesn't have '${name}', so portablectl refuses to attach units of that prefix`,
            todo: `Add '${name}' to it, or give the image the \`name\` ${words.map((word) => `'${word}'`).join(" or ")}`,
        },
    ];
}

/** Checks for mount points, which systemd can't make in a read-only image. */
function mountPointFindings(facts: ImageFacts): Finding[] {
    const findings: Finding[] = [];
    for (const path of REPLACED_DIRECTORIES) {
        const entry = facts.tree.lookup(path)?.entry;
        if (entry?.kind === "directory") continue;
        findings.push(absent(undefined, undefined, path, "directory", "systemd mounts over it"));
    }
    for (const path of BOUND_FILES) {
        const place = facts.tree.lookup(path);
        // A link into /run leads to a file that is bind-mounted there.
        if (place?.entry?.kind === "file" || place?.path.startsWith("/run/")) continue;
        findings.push(absent(undefined, undefined, path, "file", "the profiles of systemd bind the host's there"));
    }
    for (const unit of services(facts)) {
        for (const { path, kind, key, line } of mountPoints(unit.parsed, unit.name)) {
            const place = facts.tree.lookup(path);
            if (place?.path.startsWith("/run/")) continue;
            if (place?.entry === undefined) findings.push(absent(unit.name, line, path, kind, `${key}= needs it`));
            else if (key.endsWith("Directory") && place.entry.kind === "file") {
                findings.push({
                    severity: "failure",
                    file: unit.name,
                    line,
                    what: `${key}= needs the directory ${path}, and in the image that is a file`,
                    todo: "Remove the file, or choose another directory",
                });
            }
        }
    }
    return findings;
}

function absent(
    file: string | undefined,
    line: number | undefined,
    path: string,
    kind: string,
    reason: string,
): Finding {
    return {
        severity: "failure",
        file: file ?? path,
        line,
        what: `${file === undefined ? "it" : path} isn't in the image, and ${reason}: a service would end with 226/NAMESPACE`,
        todo: kind === "file" ? `Add an empty file ${path}` : `Add the directory ${path}`,
    };
}
