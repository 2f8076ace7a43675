import { whyClosing } from "../../systemd/closing-sockets";
import { isDropInPath, unitOfDropIn } from "../../systemd/paths";
import { isInstallable, lastValueOf, parseUnit } from "../../systemd/unit-file";
import { isTemplate } from "../../systemd/unit-names";
import { isServing, type ShownUnit } from "../../systemd/unit-states";
import type { HostFile } from "../files";
import type { DropInToVerify } from "../verify";
import type { BeforeSwitch } from "./before-switch";
import { type Attachment, attachedImage, type InspectedService } from "./inspect";

/** A portable service as it is declared. */
export interface DesiredService extends Omit<Attachment, "path"> {
    image: string;
    /** `--copy` of portablectl(1); undefined leaves it to portabled. */
    copy: string | undefined;
    force: boolean;
    /** Overrides of what [Install] says, by unit. */
    units: Record<string, { enable?: boolean; start?: boolean }>;
    /** Drop-ins and host files, with the unit each drop-in belongs to. */
    files: (HostFile & { digest: string; unit?: string })[];
    token: string;
    beforeSwitch: BeforeSwitch | undefined;
    /** Whether a failure after `beforeSwitch` leaves the new image in place, since the data is no longer the old one's. */
    isKeptOnceMigrated: boolean;
}

/** The steps from the current to the declared state, and all that a rollback needs. */
export interface SwitchPlan {
    image: Attachment;
    /** Further options of `portablectl attach`. */
    attachOptions: string[];
    /** Runs where the image is another one than before. */
    beforeSwitch: BeforeSwitch | undefined;
    isKeptOnceMigrated: boolean;
    /** Attached now; undefined where nothing is. */
    previous: Attachment | undefined;
    attach: boolean;
    files: HostFile[];
    /** Those that aren't on the host as they are declared. */
    changed: HostFile[];
    /** Drop-ins that aren't on the host as they are declared: systemd reads them first. */
    verify: DropInToVerify[];
    /** Paths of ours that are no longer declared. */
    drop: string[];
    /** Units that the new image doesn't have: stopped and disabled before it is attached. */
    leave: string[];
    enable: string[];
    disable: string[];
    stop: string[];
    /** Sockets that must close, since their own section has changed; timers and paths that have changed, too. */
    restartSockets: string[];
    /** Sockets, timers, paths and targets that aren't active. */
    start: string[];
    /** Services; restarting starts what isn't running. */
    restart: string[];
    /** Services among them that an open socket starts: their connections wait while they restart. */
    activated: { service: string; socket: string }[];
    /** Every unit of the image. */
    units: string[];
    /** Units that must be active in the end. */
    started: string[];
    systemdVersion: number;
    /** Before the switch, for the rollback. */
    before: { enabled: string[]; active: string[] };
    nothingToDo: boolean;
}

/** Whether each unit is to be enabled and started, as [Install] or its override says. */
export function declaredUnits(
    units: ReadonlyMap<string, string>,
    overrides: DesiredService["units"],
): Map<string, { enabled: boolean; started: boolean }> {
    return new Map(
        [...units].map(([unit, text]) => {
            const parsed = parseUnit(text);
            // A template without an instance of its own can't be enabled.
            const install =
                isInstallable(parsed) &&
                (!isTemplate(unit) || lastValueOf(parsed, "Install", "DefaultInstance") !== undefined);
            return [
                unit,
                {
                    enabled: overrides[unit]?.enable ?? install,
                    started: !isTemplate(unit) && (overrides[unit]?.start ?? install),
                },
            ] as const;
        }),
    );
}

/** An inspection with the units of the image that is to be attached. */
type Found = InspectedService & { imageUnits: Map<string, string> };

/** The steps from the host as it was found to the service as it is declared. */
export function planSwitch(inspected: Found, desired: DesiredService): SwitchPlan {
    const previous = attachedImage(inspected);
    const attach = mustAttach(inspected, desired, previous);
    const files = planFiles(inspected, desired);
    const units = new Units(inspected, desired, attach, files);
    const known = [...new Set([...units.before.keys(), ...units.all])];
    const steps = {
        leave: [...units.before.keys()].filter((unit) => !inspected.imageUnits.has(unit)),
        enable: units.all.filter((unit) => units.declared.get(unit)?.enabled && !units.isEnabled(unit)),
        disable: units.all.filter((unit) => units.declared.get(unit)?.enabled === false && units.isEnabled(unit)),
        stop: units.stop,
        start: units.start,
        restart: units.restart,
        restartSockets: units.restartSockets,
    };
    return {
        ...steps,
        ...files,
        image: {
            path: desired.image,
            profile: desired.profile,
            extensions: desired.extensions,
            isRuntime: desired.isRuntime,
        },
        attachOptions: [
            ...(desired.isRuntime ? ["--runtime"] : []),
            ...(desired.copy === undefined ? [] : ["--copy", desired.copy]),
            ...(desired.force ? ["--force"] : []),
        ],
        activated: units.activated(),
        beforeSwitch: previous?.path === desired.image ? undefined : desired.beforeSwitch,
        isKeptOnceMigrated: desired.isKeptOnceMigrated,
        previous,
        attach,
        files: desired.files,
        units: units.all,
        started: units.started,
        systemdVersion: inspected.facts.systemdVersion,
        before: {
            enabled: known.filter((unit) => units.isEnabled(unit)),
            active: known.filter((unit) => !isTemplate(unit) && units.isActive(unit)),
        },
        nothingToDo:
            inspected.applied &&
            !inspected.isUnfinished &&
            !attach &&
            files.changed.length + files.drop.length === 0 &&
            inspected.owner?.token === desired.token &&
            Object.values(steps).every((list) => list.length === 0),
    };
}

function mustAttach(inspected: Found, desired: DesiredService, previous: Attachment | undefined): boolean {
    const attached = new Set(inspected.attached.map(({ unit }) => unit));
    return (
        previous === undefined ||
        previous.path !== desired.image ||
        previous.profile !== desired.profile ||
        previous.isRuntime !== desired.isRuntime ||
        previous.extensions.join(" ") !== desired.extensions.join(" ") ||
        isCopiedOtherwise(inspected, desired.copy) ||
        [...inspected.imageUnits.keys()].some((unit) => !attached.has(unit))
    );
}

interface FilePlan extends Pick<SwitchPlan, "verify" | "drop"> {
    changed: DesiredService["files"];
}

function planFiles({ files, recordedFiles }: Found, desired: DesiredService): FilePlan {
    const changed = desired.files.filter((file) => {
        if (file.isKept) return false;
        const found = files.get(file.path);
        return (
            found === undefined ||
            found.digest !== file.digest ||
            found.mode !== file.mode ||
            found.owner !== file.owner ||
            found.group !== file.group
        );
    });
    return {
        changed,
        verify: changed.flatMap(({ unit, path, content }) =>
            unit === undefined ? [] : [{ unit, name: path.split("/").pop() as string, content }],
        ),
        drop: recordedFiles.filter((path) => !desired.files.some((file) => file.path === path)),
    };
}

/** The steps for each unit of the new image. */
class Units {
    /** Texts of the units that are attached now. */
    readonly before: ReadonlyMap<string, string>;
    readonly declared: ReturnType<typeof declaredUnits>;
    readonly all: string[];
    readonly started: string[];
    readonly stop: string[];
    readonly restartSockets: string[];
    readonly restart: string[];
    readonly start: string[];

    constructor(
        private readonly inspected: Found,
        desired: DesiredService,
        private readonly attach: boolean,
        private readonly files: FilePlan,
    ) {
        this.before = new Map(inspected.attached.map(({ unit, text }) => [unit, text] as const));
        this.declared = declaredUnits(inspected.imageUnits, desired.units);
        this.all = [...inspected.imageUnits.keys()];
        this.started = this.all.filter((unit) => this.declared.get(unit)?.started);
        this.stop = this.all.filter((unit) => desired.units[unit]?.start === false && this.isActive(unit));
        // systemd starts no socket whose service runs already: that stops first, as where a socket changes.
        const blocked = this.started.filter(
            (unit) => unit.endsWith(".socket") && !this.isActive(unit) && this.isActive(this.serviceOf(unit)),
        );
        this.restartSockets = this.all.filter((unit) => blocked.includes(unit) || this.mustRestartBesideServices(unit));
        this.restart = this.all.filter((unit) => this.mustRestartService(unit));
        this.start = this.started.filter((unit) => !isService(unit) && !this.isActive(unit) && !blocked.includes(unit));
    }

    isActive(unit: string): boolean {
        return ["active", "activating", "reloading"].includes(this.state(unit)?.active ?? "");
    }

    isEnabled(unit: string): boolean {
        return (this.state(unit)?.enablement ?? "").startsWith("enabled");
    }

    activated(): SwitchPlan["activated"] {
        return this.restart.flatMap((service) =>
            (this.state(service)?.triggeredBy ?? [])
                .filter(
                    (socket) =>
                        socket.endsWith(".socket") && this.isActive(socket) && !this.restartSockets.includes(socket),
                )
                .map((socket) => ({ service, socket })),
        );
    }

    private state(unit: string): ShownUnit | undefined {
        return this.inspected.shown.get(unit);
    }

    private text(unit: string): string {
        return this.inspected.imageUnits.get(unit) ?? "";
    }

    private serviceOf(socket: string): string {
        return (
            lastValueOf(parseUnit(this.text(socket)), "Socket", "Service") ?? socket.replace(/\.socket$/, ".service")
        );
    }

    /** A drop-in concerns its unit alone; a host file may concern every service. */
    private hasChanged(unit: string): boolean {
        const { recorded, applied } = this.inspected;
        const { changed, drop } = this.files;
        return (
            this.attach ||
            (recorded && !applied) ||
            drop.some((path) => !isDropInPath(path) || unitOfDropIn(path) === unit) ||
            changed.some((file) => file.unit === undefined || file.unit === unit) ||
            (this.state(unit)?.needDaemonReload ?? false)
        );
    }

    /** Of an active socket, timer, path or target. */
    private mustRestartBesideServices(unit: string): boolean {
        return (
            !isService(unit) &&
            this.isActive(unit) &&
            !this.stop.includes(unit) &&
            this.started.includes(unit) &&
            (hasToRestart(unit, this.before.get(unit) ?? "", this.text(unit)) ||
                this.files.changed.some((file) => file.unit === unit) ||
                this.files.drop.some((path) => path.includes(`/${unit}.d/`)))
        );
    }

    private mustRestartService(unit: string): boolean {
        if (!isService(unit) || isTemplate(unit) || this.stop.includes(unit)) return false;
        if (this.isActive(unit) && this.restartSockets.some((socket) => this.serviceOf(socket) === unit)) return true;
        return this.started.includes(unit)
            ? this.hasChanged(unit) || !isServing(this.state(unit) ?? NOT_LOADED)
            : this.isActive(unit) && this.hasChanged(unit);
    }
}

function isService(unit: string): boolean {
    return unit.endsWith(".service");
}

const NOT_LOADED = { active: "inactive", sub: "dead", type: "", result: "" };

/** Whether the profile is a copy where a link is wanted, which is portabled's default, or the other way round. */
function isCopiedOtherwise(inspected: InspectedService, copy: string | undefined): boolean {
    const services = inspected.attached.filter(({ unit }) => unit.endsWith(".service"));
    return services.some(({ profile }) => (profile === undefined) !== (copy === "copy"));
}

/** Of a unit that is no service, and active. */
function hasToRestart(unit: string, before: string, now: string): boolean {
    return unit.endsWith(".socket") ? whyClosing(before, now) !== undefined : before !== now;
}
