import { isYes } from "../../systemd/syntax";
import { type Assignment, assignmentsOf, lastValueOf, listensOf, splitWords, valuesOf } from "../../systemd/unit-file";
import type { Finding } from "./finding";
import type { ImageFacts, ImageUnit } from "./image-facts";

const TIMES = [
    "OnActiveSec",
    "OnBootSec",
    "OnStartupSec",
    "OnUnitActiveSec",
    "OnUnitInactiveSec",
    "OnCalendar",
    "OnClockChange",
    "OnTimezoneChange",
];
const PATHS = ["PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"];

/** Checks whether the units that other units start exist (systemd.socket(5), systemd.timer(5), systemd.path(5)). */
export function activationFindings(facts: ImageFacts): Finding[] {
    return facts.units.flatMap((unit) => {
        if (unit.name.endsWith(".socket")) return socketFindings(facts, unit);
        if (unit.name.endsWith(".timer")) return triggerFindings(facts, unit, "Timer", TIMES, "a time, as OnCalendar=");
        if (unit.name.endsWith(".path")) return triggerFindings(facts, unit, "Path", PATHS, "a path, as PathExists=");
        return unit.name.endsWith(".service") ? passedSockets(facts, unit) : [];
    });
}

/** The sockets that are passed to a service. */
export function socketsOf({ units }: ImageFacts, service: ImageUnit): ImageUnit[] {
    return units.filter((unit) => unit.name.endsWith(".socket") && serviceOf(unit) === service.name);
}

function serviceOf({ name, parsed }: ImageUnit): string {
    const stem = name.slice(0, -".socket".length);
    if (isYes(lastValueOf(parsed, "Socket", "Accept"))) return `${stem}@.service`;
    return lastValueOf(parsed, "Socket", "Service") ?? `${stem}.service`;
}

function socketFindings(facts: ImageFacts, socket: ImageUnit): Finding[] {
    const { name, parsed } = socket;
    const failure = (line: number | undefined, what: string, todo: string): Finding => ({
        severity: "failure",
        file: name,
        line,
        what,
        todo,
    });
    if (listensOf(parsed).length === 0) {
        return [
            failure(
                undefined,
                "it listens nowhere, so systemd refuses it",
                "Add a [Socket] section with ListenStream=",
            ),
        ];
    }
    const accept = assignmentsOf(parsed, "Socket", "Accept").at(-1);
    const assignment = assignmentsOf(parsed, "Socket", "Service").at(-1);
    if (isYes(accept?.value) && assignment !== undefined) {
        return [failure(assignment.line, "Service= excludes Accept=yes, so systemd refuses it", "Remove one of them")];
    }
    const wanted = serviceOf(socket);
    if (has(facts, wanted)) return [];
    const stem = name.slice(0, -".socket".length);
    if (isYes(accept?.value)) {
        const plain = facts.units.find((unit) =>
            [`${stem}.service`, `${stem}-.service`, `${stem}_.service`].includes(unit.name),
        );
        return [
            failure(
                accept?.line,
                `Accept=yes starts ${wanted} for each connection, and the image has no such template${plain === undefined ? "" : `, only ${plain.name}`}`,
                plain === undefined ? `Add ${wanted}` : `Name that ${wanted}, or set Accept=no`,
            ),
        ];
    }
    if (assignment !== undefined) return [notHere(facts, name, assignment, wanted)];
    const template = has(facts, `${stem}@.service`)
        ? `, only the template ${stem}@.service, which Accept=yes would start`
        : "";
    return [
        failure(
            undefined,
            `it starts ${wanted}, and the image has no such unit${template}`,
            template === "" ? `Add ${wanted}, or name another with Service=` : "Set Accept=yes, or add the service",
        ),
    ];
}

function triggerFindings(
    facts: ImageFacts,
    unit: ImageUnit,
    section: string,
    keys: string[],
    example: string,
): Finding[] {
    const { name, parsed } = unit;
    const findings: Finding[] = [];
    if (!keys.some((key) => valuesOf(parsed, section, key).length > 0)) {
        findings.push({
            severity: "failure",
            file: name,
            what: "it never starts anything, so systemd refuses it",
            todo: `Add a [${section}] section with ${example}`,
        });
    }
    const assignment = assignmentsOf(parsed, section, "Unit").at(-1);
    const wanted = assignment?.value ?? name.replace(/\.[a-z]+$/, ".service");
    if (assignment !== undefined && !has(facts, wanted)) findings.push(notHere(facts, name, assignment, wanted));
    else if (!has(facts, wanted)) {
        findings.push({
            severity: "failure",
            file: name,
            what: `it starts ${wanted}, and the image has no such unit`,
            todo: `Add ${wanted}, or name another with Unit=`,
        });
    }
    return findings;
}

/** Checks `Sockets=` of a service: systemd ignores a missing socket, and the program doesn't get it. */
function passedSockets(facts: ImageFacts, { name, parsed }: ImageUnit): Finding[] {
    return assignmentsOf(parsed, "Service", "Sockets").flatMap((assignment) =>
        (splitWords(assignment.value) ?? [])
            .filter((socket) => !socket.includes("%") && !has(facts, socket))
            .map((socket) => notHere(facts, name, assignment, socket)),
    );
}

/** A missing unit with another prefix may be a unit of the host; one with the image's prefix can't be. */
function notHere(facts: ImageFacts, file: string, { key, line }: Assignment, unit: string): Finding {
    const isOwn = unit.startsWith(facts.name) && /^[-.@]/.test(unit.slice(facts.name.length));
    return {
        severity: isOwn ? "failure" : "warning",
        file,
        line,
        what: `${key}= names ${unit}, and the image has no such unit${isOwn ? "" : ": the host must have it"}`,
        todo: isOwn ? `Add ${unit}, or correct the name` : "Correct the name if it is meant to be one of the image",
    };
}

/** Whether the image has the unit, or the template of the instance. A name with specifiers counts as present. */
function has({ units }: ImageFacts, name: string): boolean {
    const template = name.replace(/@[^.]*\./, "@.");
    return name.includes("%") || units.some((unit) => unit.name === name || unit.name === template);
}
