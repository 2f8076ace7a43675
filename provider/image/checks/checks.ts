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

/** Bump when a check changes, so that images are inspected again. */
export const VALIDATION_VERSION = 4;

export interface Validated {
    findings: Finding[];
    /** The architecture in the ELF headers of its programs: "x86-64", "arm64". Undefined if none of them is ELF. */
    architecture: string | undefined;
}

/**
 * Checks the contents of an image, without a host. Returns the findings, failures first. `unitTexts`: the units that portablectl
 * attaches; `instanceOf`: their prefix before they were renamed for an instance. Reads the programs that the units start.
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
