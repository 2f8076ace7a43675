import { whyClosing } from "../../systemd/closing-sockets";
import { isDropInPath, unitOfDropIn } from "../../systemd/paths";
import { isYes } from "../../systemd/syntax";
import { lastValueOf, parseUnit } from "../../systemd/unit-file";
import { instanceOf, isTemplate, kindOf, templateOf } from "../../systemd/unit-names";
import { isStarted, NOT_LOADED, type ShownUnit } from "../../systemd/unit-states";
import type { DropInToVerify } from "../verify";
import { concerns, DeclaredUnits } from "./declared";
import type { DesiredService } from "./desired";
import { type InspectedService, installTexts } from "./inspect";

/** An inspection that has the units of the image that will be attached. */
export type Found = InspectedService & { imageUnits: Map<string, string> };

/** The files whose content on the host differs from the declared one. */
export interface FilePlan {
    /** Files that differ on the host from their declaration. */
    changed: DesiredService["files"];
    /** The drop-ins among them, which systemd-analyze checks before any change. */
    verify: DropInToVerify[];
    /** Recorded paths that are no longer declared. */
    drop: string[];
}

/** The declared units, and those of the attached image with the former inputs. */
function declaredUnits(
    inspected: Found,
    { units, files, formerUnits }: Pick<DesiredService, "units" | "files" | "formerUnits">,
): { now: DeclaredUnits; before: DeclaredUnits } {
    const onHost = installTexts(inspected);
    const paths = new Set([...files.map(({ path }) => path), ...inspected.recordedFiles]);
    const foreign = [...inspected.installDropIns.keys()].filter((path) => !paths.has(path));
    const declared = files.flatMap(({ unit, path, content }) =>
        unit === undefined ? [] : [{ unit, name: fileName(path), text: content.toString() }],
    );
    const others = installTexts({
        installDropIns: new Map(foreign.map((path) => [path, inspected.installDropIns.get(path) ?? ""])),
    });
    const attached = new Map(inspected.attached.map(({ unit, text }) => [unit, text] as const));
    const former = Object.fromEntries(formerUnits.map((unit) => [unit, {}]));
    return {
        now: new DeclaredUnits(inspected.imageUnits, units, [...declared, ...others], inspected.facts),
        before: new DeclaredUnits(attached, former, onHost, inspected.facts),
    };
}

/** The steps for each unit of the new image. */
export class Units {
    /** Texts of the attached units. */
    readonly before: ReadonlyMap<string, string>;
    readonly declared: DeclaredUnits;
    readonly declaredBefore: DeclaredUnits;
    /** Units of the image, and declared or loaded instances. */
    readonly all: string[];
    /** `all` and the units of the attached image. */
    readonly allWithAttached: string[];
    readonly leave: string[];
    /** Instances that are no longer declared. */
    readonly formerInstances: string[];
    readonly started: string[];
    readonly stop: string[];
    readonly restartSockets: string[];
    readonly restart: string[];
    readonly start: string[];

    constructor(
        readonly inspected: Found,
        desired: DesiredService,
        readonly attach: boolean,
        private readonly files: FilePlan,
    ) {
        const { imageUnits, shown } = inspected;
        this.before = new Map(inspected.attached.map(({ unit, text }) => [unit, text] as const));
        const { now, before } = declaredUnits(inspected, desired);
        this.declared = now;
        this.declaredBefore = before;
        this.leave = [...this.before.keys()].filter((unit) => !imageUnits.has(unit));
        const loaded = [...shown.keys()].filter((unit) => instanceOf(unit) !== undefined && this.isActive(unit));
        const instances = [...now.units.keys(), ...loaded].filter((unit) => imageUnits.has(templateOf(unit) ?? ""));
        this.all = [...new Set([...imageUnits.keys(), ...instances])];
        this.allWithAttached = [...new Set([...this.before.keys(), ...this.all, ...loaded])];
        this.formerInstances = [...before.units.keys()].filter(
            (unit) => instanceOf(unit) !== undefined && !this.before.has(unit) && !now.units.has(unit),
        );
        this.started = this.all.filter((unit) => now.units.get(unit)?.started);
        this.stop = this.all.filter((unit) => this.isStopped(unit) && this.isActive(unit));
        // systemd doesn't start a socket whose service is running, so the service stops first, as for a changed socket.
        const blocked = this.started.filter((unit) => {
            const service = kindOf(unit) === "socket" && !this.isActive(unit) ? this.serviceOf(unit) : undefined;
            return service !== undefined && this.isActive(service);
        });
        this.restartSockets = this.all.filter((unit) => blocked.includes(unit) || this.mustRestartBesideServices(unit));
        this.restart = this.all.filter((unit) => this.mustRestartService(unit));
        this.start = this.started.filter(
            (unit) =>
                !isService(unit) &&
                !blocked.includes(unit) &&
                (!this.isActive(unit) || (kindOf(unit) === "target" && this.hasOtherText(unit))),
        );
    }

    isActive(unit: string): boolean {
        return ["active", "activating", "reloading", "refreshing"].includes(this.state(unit)?.active ?? "");
    }

    isEnabled(unit: string): boolean {
        return (this.state(unit)?.enablement ?? "").startsWith("enabled");
    }

    activated(): { service: string; socket: string }[] {
        return this.restart.flatMap((service) =>
            (this.state(service)?.triggeredBy ?? [])
                .filter(
                    (socket) =>
                        socket.endsWith(".socket") && this.isActive(socket) && !this.restartSockets.includes(socket),
                )
                .map((socket) => ({ service, socket })),
        );
    }

    readBy(files: DesiredService["files"]): { path: string; units: string[] }[] {
        return files.flatMap(({ path, unit }) =>
            unit === undefined
                ? []
                : [
                      {
                          path,
                          units: this.all.filter(
                              (unitOfImage) => !isTemplate(unitOfImage) && this.concerns(unit, unitOfImage),
                          ),
                      },
                  ],
        );
    }

    private isStopped(unit: string): boolean {
        return this.formerInstances.includes(unit) || (this.declared.units.get(unit)?.isStopped ?? false);
    }

    private state(unit: string): ShownUnit | undefined {
        return this.inspected.shown.get(unit);
    }

    private text(unit: string): string {
        return this.inspected.imageUnits.get(unit) ?? "";
    }

    /** The service that the socket starts; undefined if it starts one for each connection. */
    private serviceOf(socket: string): string | undefined {
        const parsed = parseUnit(this.text(socket));
        if (isYes(lastValueOf(parsed, "Socket", "Accept"))) return undefined;
        const service = lastValueOf(parsed, "Socket", "Service") ?? socket.replace(/\.socket$/, ".service");
        return this.declared.resolve(service) ?? service;
    }

    /** Whether the update changes anything for the unit. A host file, even a removed one, may be used by every service. */
    private hasChanged(unit: string): boolean {
        const { recorded, applied } = this.inspected;
        const { changed, drop } = this.files;
        return (
            this.attach ||
            (recorded && !applied) ||
            drop.some((path) => !isDropInPath(path) || this.concerns(unitOfDropIn(path), unit)) ||
            changed.some((file) => file.unit === undefined || this.concerns(file.unit, unit)) ||
            (this.state(unit)?.needDaemonReload ?? false)
        );
    }

    private concerns(name: string, unit: string): boolean {
        return concerns(this.declared.resolve(name) ?? name, unit);
    }

    /** Whether the text of the unit or of one of its drop-ins has changed. */
    private hasOtherText(unit: string): boolean {
        const { changed, drop } = this.files;
        return (
            (this.before.get(unit) ?? "") !== this.text(unit) ||
            changed.some((file) => file.unit !== undefined && this.concerns(file.unit, unit)) ||
            drop.some((path) => isDropInPath(path) && this.concerns(unitOfDropIn(path), unit))
        );
    }

    /**
     * Whether an active unit that isn't a service must be restarted: a socket whose section or drop-ins have changed, and a
     * timer that has elapsed for the last time. For other units a daemon-reload is enough.
     */
    private mustRestartBesideServices(unit: string): boolean {
        if (isService(unit) || !this.isActive(unit) || this.isStopped(unit) || !this.started.includes(unit))
            return false;
        if (!this.hasOtherText(unit)) return false;
        if (kindOf(unit) === "timer") return this.state(unit)?.sub === "elapsed";
        if (kindOf(unit) !== "socket") return false;
        const { changed, drop } = this.files;
        return (
            whyClosing(this.before.get(unit) ?? "", this.text(unit)) !== undefined ||
            changed.some((file) => file.unit !== undefined && this.concerns(file.unit, unit)) ||
            drop.some((path) => isDropInPath(path) && this.concerns(unitOfDropIn(path), unit))
        );
    }

    private mustRestartService(unit: string): boolean {
        if (!isService(unit) || isTemplate(unit) || this.isStopped(unit)) return false;
        if (this.isActive(unit) && this.restartSockets.some((socket) => this.serviceOf(socket) === unit)) return true;
        return this.started.includes(unit)
            ? this.hasChanged(unit) || !isStarted(this.state(unit) ?? NOT_LOADED)
            : this.isActive(unit) && this.hasChanged(unit);
    }
}

function isService(unit: string): boolean {
    return unit.endsWith(".service");
}

export function fileName(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}
