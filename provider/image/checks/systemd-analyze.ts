import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { plainEnvironment } from "../../environment";
import type { Finding } from "./finding";

/** It takes some 20 ms; a machine that needs longer than this is too busy, and the check is skipped. */
const TIMEOUT_MS = 5000;

/**
 * What this machine's own systemd says of the texts of units, when there is one: unknown settings, values that it can't
 * parse (systemd-analyze(1), "verify"). It reads nothing but the texts: whether programs and other units are there is
 * for the other checks to say.
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

/** A template can't be loaded by itself. */
function instanceOf(name: string): string {
    return name.replace(/@\./, "@i.");
}

async function run(root: string, units: string[]): Promise<string> {
    const args = [`--root=${root}`, "--man=no", "--recursive-errors=no", "verify", ...units];
    const env = plainEnvironment({ SYSTEMD_LOG_COLOR: "0" });
    try {
        return (await promisify(execFile)("systemd-analyze", args, { env, timeout: TIMEOUT_MS })).stderr;
    } catch (error) {
        // No systemd here, one before 250, or findings: only its output counts.
        return (error as { stderr?: string }).stderr ?? "";
    }
}

/** `ROOT/usr/lib/systemd/system/hello.service:5: Unknown key 'Tyype' in section [Service], ignoring.` */
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
