import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import type { Finding } from "./finding";

/** Time limit. It usually takes 20 ms; if the machine is too busy, the check is skipped. */
const TIMEOUT_MS = 5000;

/**
 * Has this machine's systemd, if there is one, check the unit texts for unknown settings and malformed values
 * (systemd-analyze(1), "verify"). It only reads the texts; other checks look for programs and other units.
 */
export async function systemdAnalyzeFindings(unitTexts: Readonly<Record<string, string>>): Promise<Finding[]> {
    const root = await mkdtemp(path.join(tmpdir(), "portable-units-"));
    try {
        const directory = path.join(root, "usr/lib/systemd/system");
        await mkdir(directory, { recursive: true });
        for (const [name, text] of Object.entries(unitTexts)) await writeFile(path.join(directory, name), text);
        const output = await run(root, Object.keys(unitTexts).map(instanceOf));
        return output.split("\n").flatMap((line) => findingOf(line, directory, unitTexts));
    } finally {
        await rm(root, { recursive: true, force: true });
    }
}

/** The name of an instance for a template, which can't be loaded itself. */
function instanceOf(name: string): string {
    return name.replace(/@\./, "@i.");
}

async function run(root: string, units: string[]): Promise<string> {
    const args = [`--root=${root}`, "--man=no", "--recursive-errors=no", "verify", ...units];
    const env = plainEnvironment({ SYSTEMD_LOG_COLOR: "0" });
    try {
        return (await promisify(execFile)("systemd-analyze", args, { env, timeout: TIMEOUT_MS })).stderr;
    } catch (error) {
        // There is no systemd, one before 250, or there are findings: only the output matters.
        return (error as { stderr?: string }).stderr ?? "";
    }
}

/** Parses `ROOT/usr/lib/systemd/system/hello.service:5: Unknown key 'Tyype' in section [Service], ignoring.` */
function findingOf(line: string, directory: string, unitTexts: Readonly<Record<string, string>>): Finding[] {
    const match = /^(.*)\/([^/:]+):(\d+): (.*)$/.exec(line);
    if (match === null || match[1] !== directory || !Object.hasOwn(unitTexts, match[2] as string)) return [];
    const what = (match[4] as string).replace(/, ignoring\.?$/, ", which systemd ignores").replace(/\.$/, "");
    return [
        {
            severity: "warning",
            file: match[2],
            line: Number(match[3]),
            what: what.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase()),
            todo: "Correct it, unless the host's systemd is newer than the one of this machine",
        },
    ];
}
