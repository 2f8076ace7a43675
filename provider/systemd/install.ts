import { assignmentsOf, isInstallable, lastValueOf, parseUnit, splitWords, type UnitFile, valuesOf } from "./unit-file";
import { instanceOf, isTemplate, templateOf } from "./unit-names";

/*
 * The effects of the [Install] section of a unit in `systemctl enable` (systemd.unit(5), "[Install] Section Options"). Names of
 * links are relative to the directory of units: `multi-user.target.wants/hello.service`, or `www.service` for an alias.
 */

/** Directories of links by setting: `WantedBy=multi-user.target` links in `multi-user.target.wants`. */
const LINK_DIRECTORIES = { WantedBy: "wants", RequiredBy: "requires", UpheldBy: "upholds" } as const;

/** Facts of the host that names in [Install] may depend on. */
export interface InstallFacts {
    systemdVersion: number;
    machineId: string;
    hostName: string;
}

/** The version of systemd that added `UpheldBy=`. */
const UPHELD_BY_SINCE = 254;

/** The unit's [Install] section with those of its drop-ins, in the order in which systemd reads them. */
export function installSection(text: string, dropIns: readonly string[] = []): UnitFile {
    const parsed = [text, ...dropIns].map(parseUnit);
    return {
        sections: ["Install"],
        assignments: parsed.flatMap(({ assignments }) => assignments.filter(({ section }) => section === "Install")),
        problems: [],
    };
}

/** Whether `systemctl enable` has something to do for the unit; a template needs a default instance for it. */
export function isEnableable(unit: string, install: UnitFile): boolean {
    return (
        isInstallable(install) &&
        (!isTemplate(unit) || lastValueOf(install, "Install", "DefaultInstance") !== undefined)
    );
}

/** `hello@main.service` for `hello@.service` with `DefaultInstance=main`; undefined without a default instance. */
export function defaultInstanceOf(template: string, install: UnitFile, facts: InstallFacts): string | undefined {
    const instance = lastValueOf(install, "Install", "DefaultInstance");
    const expanded = instance === undefined ? undefined : expandSpecifiers(instance, template, facts);
    return expanded === undefined ? undefined : template.replace("@.", `@${expanded}.`);
}

/** Aliases, which the unit has while it is enabled. */
export function aliasesOf(unit: string, install: UnitFile, facts: InstallFacts): string[] {
    return wordsOf(install, "Alias").flatMap((word) => {
        const alias = expandSpecifiers(word, unit, facts);
        if (alias === undefined || alias === unit) return [];
        const instance = instanceOf(unit);
        return [isTemplate(alias) && instance !== undefined ? alias.replace("@.", `@${instance}.`) : alias];
    });
}

/** Units that are enabled together with the unit. */
export function enabledAlso(unit: string, install: UnitFile, facts: InstallFacts): string[] {
    return assignmentsOf(install, "Install", "Also").flatMap(({ value }) =>
        (splitWords(value) ?? []).flatMap((word) => expandSpecifiers(word, unit, facts) ?? []),
    );
}

/**
 * The links that enabling the unit makes, without those of units in `Also=`. Undefined if a name has a specifier that only the
 * host can resolve, such as the version of its kernel.
 */
export function installLinks(unit: string, install: UnitFile, facts: InstallFacts): string[] | undefined {
    const named = isTemplate(unit) ? defaultInstanceOf(unit, install, facts) : unit;
    const links = new Set<string>(aliasesOf(unit, install, facts));
    if (wordsOf(install, "Alias").some((word) => expandSpecifiers(word, unit, facts) === undefined)) return undefined;
    for (const [key, suffix] of Object.entries(LINK_DIRECTORIES)) {
        if (key === "UpheldBy" && facts.systemdVersion < UPHELD_BY_SINCE) continue;
        for (const word of wordsOf(install, key)) {
            const wanting = named === undefined ? undefined : expandSpecifiers(word, named, facts);
            if (wanting === undefined) return undefined;
            links.add(`${wanting}.${suffix}/${named}`);
        }
    }
    return [...links];
}

function wordsOf(install: UnitFile, key: string): string[] {
    return valuesOf(install, "Install", key).flatMap((value) => splitWords(value) ?? []);
}

/** Resolves specifiers that depend on the unit's name and on facts of the host; undefined if another specifier is used. */
function expandSpecifiers(text: string, unit: string, { machineId, hostName }: InstallFacts): string | undefined {
    const stem = unit.slice(0, unit.lastIndexOf("."));
    const prefix = templateOf(unit) === undefined ? stem : stem.slice(0, stem.indexOf("@"));
    const values: Record<string, string | undefined> = {
        "%": "%",
        n: unit,
        N: stem,
        p: prefix,
        j: prefix.slice(prefix.lastIndexOf("-") + 1),
        i: instanceOf(unit) ?? "",
        u: "root",
        U: "0",
        g: "root",
        G: "0",
        m: machineId || undefined,
        H: hostName || undefined,
        l: hostName.replace(/\..*/, "") || undefined,
    };
    let isKnown = true;
    const expanded = text.replace(/%(.)/g, (_, letter: string) => {
        isKnown &&= values[letter] !== undefined;
        return values[letter] ?? "";
    });
    return isKnown ? expanded : undefined;
}
