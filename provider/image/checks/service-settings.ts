import { assignmentsOf, lastValueOf, splitCommands, valuesOf } from "../../systemd/unit-file";
import type { Finding } from "./finding";
import { type ImageFacts, type ImageUnit, services } from "./image-facts";

/** Finds settings for which systemd refuses a unit or ignores a line (systemd.service(5), systemd.syntax(7)). */
export function settingFindings(facts: ImageFacts): Finding[] {
    return [...facts.units.flatMap(lineFindings), ...services(facts).flatMap(serviceFindings)];
}

function lineFindings({ name, parsed }: ImageUnit): Finding[] {
    return parsed.problems.map(({ line, what }) => ({
        severity: "failure",
        file: name,
        line,
        what: `${what}, so systemd skips the line`,
        todo: "Correct the line",
    }));
}

function serviceFindings(unit: ImageUnit): Finding[] {
    const { name, parsed } = unit;
    if (!parsed.sections.includes("Service")) {
        return [
            {
                severity: "failure",
                file: name,
                what: "it has no [Service] section, so systemd refuses it",
                todo: "Add the section, with ExecStart=",
            },
        ];
    }
    const starts = assignmentsOf(parsed, "Service", "ExecStart");
    const type = lastValueOf(parsed, "Service", "Type") ?? "simple";
    const findings = commandFindings(unit);
    const isDoneAtStart =
        valuesOf(parsed, "Service", "ExecStop").length > 0 || valuesOf(parsed, "Unit", "SuccessAction").length > 0;
    if (starts.length === 0 && !isDoneAtStart) {
        findings.push({
            severity: "failure",
            file: name,
            what: "it has no ExecStart=, so systemd refuses it",
            todo: "Add ExecStart= with the program to run",
        });
    }
    const commands = starts.flatMap(({ value }) => splitCommands(value) ?? []);
    if (commands.length > 1 && type !== "oneshot") {
        findings.push({
            severity: "failure",
            file: name,
            line: starts.at(-1)?.line,
            what: `it has ${commands.length} commands in ExecStart=, and only Type=oneshot may have more than one: systemd refuses it`,
            todo: "Keep one, move the others to ExecStartPre=, or set Type=oneshot",
        });
    }
    if (type === "dbus" && valuesOf(parsed, "Service", "BusName").length === 0) {
        findings.push({
            severity: "failure",
            file: name,
            line: assignmentsOf(parsed, "Service", "Type").at(-1)?.line,
            what: "Type=dbus needs BusName=, so systemd refuses it",
            todo: "Add BusName=, or use another Type=",
        });
    }
    for (const key of ["RootDirectory", "RootImage"]) {
        const own = assignmentsOf(parsed, "Service", key).at(-1);
        if (own === undefined) continue;
        findings.push({
            severity: "failure",
            file: name,
            line: own.line,
            what: `${key}= takes the place of the image that portablectl attaches the unit with`,
            todo: "Remove it",
        });
    }
    return findings;
}

function commandFindings({ name, parsed }: ImageUnit): Finding[] {
    return parsed.assignments
        .filter(
            ({ section, key, value }) =>
                section === "Service" && /^Exec(Start|Stop|Reload|Condition)/.test(key) && value !== "",
        )
        .flatMap(({ key, value, line }): Finding[] => {
            const commands = splitCommands(value);
            if (commands === undefined) {
                const what = `${key}= has a quote that isn't closed, so systemd skips the line`;
                return [{ severity: "failure", file: name, line, what, todo: "Close the quote" }];
            }
            return commands
                .filter(({ program }) => program.includes("/") && !/^[/%]/.test(program))
                .map(({ program }) => ({
                    severity: "failure",
                    file: name,
                    line,
                    what: `${key}= has '${program}', neither an absolute path nor a name without a slash: systemd skips the line`,
                    todo: `Write the path in the image, as /usr/bin/${program.split("/").at(-1)}`,
                }));
        });
}
