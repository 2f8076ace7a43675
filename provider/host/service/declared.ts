import {
    aliasesOf,
    defaultInstanceOf,
    enabledAlso,
    type InstallFacts,
    installLinks,
    installSection,
    isEnableable,
} from "../../systemd/install";
import { isInstallable, type UnitFile } from "../../systemd/unit-file";
import { instanceOf, isPrefix, isTemplate, kindOf, templateOf } from "../../systemd/unit-names";

/** Overrides of what [Install] says, by the name of a unit, an instance or an alias. */
export type Overrides = Readonly<Record<string, { enable?: boolean; start?: boolean }>>;

/** Text of a unit or of a drop-in, which may have an [Install] section, too. */
export interface UnitText {
    unit: string;
    /** File name: drop-ins are read in the order of their names. */
    name: string;
    text: string;
}

export interface DeclaredUnit {
    enabled: boolean;
    started: boolean;
    /** Whether an override has `start: false`, so that the unit is stopped. */
    isStopped: boolean;
    /**
     * Links that enable the unit, relative to the directory of units; empty if it isn't enabled. Undefined if the name of a
     * link depends on the host.
     */
    links: string[] | undefined;
}

/** The declared units of a service: those of its image, and instances of their templates. */
export class DeclaredUnits {
    readonly units = new Map<string, DeclaredUnit>();
    private readonly aliases = new Map<string, string>();

    constructor(
        /** Texts of the image's units. */
        private readonly texts: ReadonlyMap<string, string>,
        overrides: Overrides,
        private readonly dropIns: readonly UnitText[],
        private readonly facts: InstallFacts,
    ) {
        for (const unit of texts.keys())
            for (const alias of aliasesOf(unit, this.install(unit), facts))
                if (!texts.has(alias)) this.aliases.set(alias, unit);
        const byUnit = new Map(Object.entries(overrides).map(([name, override]) => [this.resolve(name), override]));
        for (const unit of texts.keys()) {
            const instance = this.defaultInstance(unit);
            this.declare(unit, { ...byUnit.get(unit), ...(instance && pick(byUnit.get(instance)?.enable)) });
            if (instance === undefined) continue;
            const { enabled = false } = this.units.get(unit) ?? {};
            const start = byUnit.get(instance)?.start ?? byUnit.get(unit)?.start;
            this.units.set(instance, {
                enabled,
                started: start ?? this.isEnableable(unit),
                isStopped: start === false,
                links: [],
            });
        }
        for (const [unit, override] of byUnit)
            if (unit !== undefined && !this.units.has(unit)) this.declare(unit, override);
    }

    /**
     * The unit that a name in the inputs refers to: a unit of the image, an instance of one of its templates, or an alias of
     * either. Undefined if there is none.
     */
    resolve(name: string): string | undefined {
        const unit = this.texts.has(name) ? name : this.aliases.get(name);
        if (unit !== undefined) return unit;
        const template = templateOf(name);
        const instance = instanceOf(name);
        if (template === undefined || instance === undefined) return undefined;
        return this.resolve(template)?.replace("@.", `@${instance}.`);
    }

    /** Whether a drop-in for this name applies to at least one unit of the image. */
    isFor(name: string): boolean {
        return this.resolve(name) !== undefined || [...this.texts.keys()].some((unit) => concerns(name, unit));
    }

    /** Whether the unit has an [Install] section for `systemctl enable`. */
    isEnableable(unit: string): boolean {
        const install = this.install(unit);
        return instanceOf(unit) === undefined ? isEnableable(unit, install) : isInstallable(install);
    }

    defaultInstance(unit: string): string | undefined {
        return isTemplate(unit) ? defaultInstanceOf(unit, this.install(unit), this.facts) : undefined;
    }

    /** The unit's [Install] section as text, for comparisons. */
    installText(unit: string): string {
        return this.install(unit)
            .assignments.map(({ key, value }) => `${key}=${value}`)
            .join("\n");
    }

    /** Names of these units and of all units that their Also= enables. */
    enabledWith(units: readonly string[]): Set<string> {
        const reached = new Set(units);
        for (const unit of reached)
            for (const also of enabledAlso(unit, this.install(unit), this.facts)) reached.add(also);
        return reached;
    }

    /** Units of the host that are enabled together with the unit (Also=). */
    alsoOnHost(unit: string): string[] {
        return [...this.enabledWith([unit])].filter((also) => !this.texts.has(templateOf(also) ?? also));
    }

    /** Links that enabling the unit makes, whether it is declared to be enabled or not. */
    linksOf(unit: string): string[] {
        return installLinks(unit, this.install(unit), this.facts) ?? [];
    }

    private declare(unit: string, { enable, start }: { enable?: boolean; start?: boolean }): void {
        const isInstalled = this.isEnableable(unit);
        const enabled = enable ?? isInstalled;
        this.units.set(unit, {
            enabled,
            started: !isTemplate(unit) && (start ?? isInstalled),
            isStopped: start === false,
            links: enabled && isInstalled ? installLinks(unit, this.install(unit), this.facts) : [],
        });
    }

    private install(unit: string): UnitFile {
        const template = templateOf(unit);
        const text = this.texts.get(unit) ?? (template === undefined ? undefined : this.texts.get(template)) ?? "";
        const dropIns = this.dropIns
            .filter((dropIn) => dropIn.unit === unit || dropIn.unit === template)
            .sort((one, other) => (one.name < other.name ? -1 : 1));
        return installSection(
            text,
            dropIns.map((dropIn) => dropIn.text),
        );
    }
}

function pick(enable: boolean | undefined): { enable?: boolean } {
    return enable === undefined ? {} : { enable };
}

/** Whether a drop-in for `name` applies to the unit: `name` is the unit, its template, or a prefix of its name. */
export function concerns(name: string, unit: string): boolean {
    return (
        name === unit ||
        name === templateOf(unit) ||
        (isPrefix(name) && kindOf(name) === kindOf(unit) && unit.startsWith(name.slice(0, name.lastIndexOf("."))))
    );
}
