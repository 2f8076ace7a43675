import type { Failure } from "../../errors";
import type { HostFile } from "../../host/files";
import { containsUnknown, type Path, type PreviewedObject, UNKNOWN, Unknown } from "../../schema/values";
import { lineTooLong } from "../../systemd/unit-file";
import { renderUnit, sectionProblems, type UnitSections } from "../../systemd/unit-sections";

/** The declared content of a drop-in: exactly one of the two fields. */
export interface DropInContent {
    sections?: UnitSections;
    text?: string;
}

/** The text of a drop-in and its failures at `path`. The text is unknown while a part of it is. */
export function dropInText(
    { sections, text }: PreviewedObject<DropInContent>,
    path: Path,
): { text: string | Unknown; failures: Failure[] } {
    if ((sections === undefined) === (text === undefined))
        return {
            text: UNKNOWN,
            failures: [{ path, what: "needs either `sections` or `text`, exactly one of them" }],
        };
    if (text instanceof Unknown || containsUnknown(sections)) return { text: UNKNOWN, failures: [] };
    if (text !== undefined) return checkedText(withFinalNewline(text), [...path, "text"]);
    const knownSections = sections as UnitSections;
    const problems = sectionProblems(knownSections);
    if (problems.length === 0) return checkedText(renderUnit(knownSections), [...path, "sections"]);
    return {
        text: UNKNOWN,
        failures: problems.map((problem) => ({
            path: [...path, "sections", ...problem.path],
            what: problem.reason,
        })),
    };
}

/** The drop-in as a file on the host, owned by root and readable for all. */
export function dropInFile(path: string, text: string): HostFile {
    return { path, content: Buffer.from(text), mode: "0644", owner: "root", group: "root" };
}

function checkedText(text: string, path: Path): { text: string | Unknown; failures: Failure[] } {
    const line = lineTooLong(text);
    if (line === undefined) return { text, failures: [] };
    const what = `line ${line} of the drop-in has over 1 MiB, and systemd reads no file with such a line`;
    return { text: UNKNOWN, failures: [{ path, what }] };
}

function withFinalNewline(text: string): string {
    return text.endsWith("\n") ? text : `${text}\n`;
}
