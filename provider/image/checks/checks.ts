import type { Tree } from "../tree/tree";
import { activationFindings } from "./activation";
import type { Finding } from "./finding";
import { hostSettingFindings } from "./host-settings";
import { imageFacts } from "./image-facts";
import { instanceFindings } from "./instance-conflicts";
import { profileFindings } from "./profile";
import { Programs } from "./programs";
import { settingFindings } from "./service-settings";
import { systemFindings } from "./system";
import { systemdAnalyzeFindings } from "./systemd-analyze";
import { unitNameFindings } from "./unit-names";

/** Bump when a check changes: images that were inspected before are inspected again. */
export const VALIDATION_VERSION = 4;

export interface Validated {
    findings: Finding[];
    /** The architecture of its programs, as the ELF header has it: "x86-64", "arm64". Undefined where none of them is ELF. */
    architecture: string | undefined;
}

/**
 * The findings about an image that its own contents show, failures first. `unitTexts`: the units that portablectl
 * attaches; `instanceOf`: their prefix before it became that of an instance. Reads the programs that the units start;
 * changes nothing, and needs no host.
 */
export async function validateImage(
    name: string,
    tree: Tree,
    unitTexts: Readonly<Record<string, string>>,
    instanceOf?: string,
): Promise<Validated> {
    const facts = imageFacts(name, tree, unitTexts);
    const programs = await Programs.inImage(facts);
    const own = [
        ...(await systemFindings(facts)),
        ...unitNameFindings(facts),
        ...settingFindings(facts),
        ...hostSettingFindings(facts),
        ...activationFindings(facts),
        ...(instanceOf === undefined ? [] : instanceFindings(facts, instanceOf)),
        ...programs.findings,
        ...(await profileFindings(facts, programs.started)),
    ];
    const ownLines = new Set(own.map(({ file, line }) => `${file}:${line}`));
    const verified = (await systemdAnalyzeFindings(unitTexts)).filter(
        ({ file, line }) => !ownLines.has(`${file}:${line}`),
    );
    const all = [...own, ...verified];
    const findings = [...all.filter(isFailure), ...all.filter((finding) => !isFailure(finding))];
    return { findings, architecture: programs.started.find(({ elf }) => elf !== undefined)?.elf?.architecture };
}

function isFailure({ severity }: Finding): boolean {
    return severity === "failure";
}
