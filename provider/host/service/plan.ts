import { whyClosing } from "../../systemd/closing-sockets";
import { isInstallable, lastValueOf, parseUnit } from "../../systemd/unit-file";
import { isServing, isTemplate } from "../../systemd/unit-states";
import type { HostFile } from "../files";
import type { DropInToVerify } from "../verify";
import type { BeforeSwitch } from "./before-switch";
import { type Attachment, attachedImage, type ServiceLook } from "./look";

/** What a portable service must be like on the host. */
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

/** The steps from what is to what must be, and all that is needed to go back. */
export interface SwitchPlan {
    image: Attachment;
    /** What `portablectl attach` gets besides. */
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
    /** Before the switch, for the way back. */
    before: { enabled: string[]; active: string[] };
    nothingToDo: boolean;
}

/** What [Install] (or its override) asks of each unit. */
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

export function planSwitch(
    look: ServiceLook & { imageUnits: Map<string, string> },
    desired: DesiredService,
): SwitchPlan {
    const previous = attachedImage(look);
    const before = new Map(look.attached.map((unit) => [unit.unit, unit.text] as const));
    const declared = declaredUnits(look.imageUnits, desired.units);
    const state = (unit: string) => look.shown.get(unit);
    const isActive = (unit: string) => ["active", "activating", "reloading"].includes(state(unit)?.active ?? "");
    const isEnabled = (unit: string) => (state(unit)?.enablement ?? "").startsWith("enabled");

    const attach =
        previous === undefined ||
        previous.path !== desired.image ||
        previous.profile !== desired.profile ||
        previous.isRuntime !== desired.isRuntime ||
        previous.extensions.join(" ") !== desired.extensions.join(" ") ||
        isCopiedOtherwise(look, desired.copy) ||
        [...look.imageUnits.keys()].some((unit) => !before.has(unit));
    const changedFiles = desired.files.filter((file) => {
        const found = look.files.get(file.path);
        return (
            found === undefined ||
            found.digest !== file.digest ||
            found.mode !== file.mode ||
            found.owner !== file.owner ||
            found.group !== file.group
        );
    });
    const drop = look.recordedFiles.filter((path) => !desired.files.some((file) => file.path === path));
    const filesChanged = changedFiles.length > 0 || drop.length > 0;
    // A drop-in concerns its unit; a host file, or one that goes, may concern every service.
    const unitChanged = (unit: string) =>
        attach ||
        (look.recorded && !look.applied) ||
        drop.length > 0 ||
        changedFiles.some((file) => file.unit === undefined || file.unit === unit) ||
        (state(unit)?.needDaemonReload ?? false);

    const units = [...look.imageUnits.keys()];
    const isService = (unit: string) => unit.endsWith(".service");
    const started = units.filter((unit) => declared.get(unit)?.started);
    const stop = units.filter((unit) => desired.units[unit]?.start === false && isActive(unit));
    // systemd starts no socket whose service runs already: that stops first, as where a socket changes.
    const serviceOf = (socket: string) =>
        lastValueOf(parseUnit(look.imageUnits.get(socket) ?? ""), "Socket", "Service") ??
        socket.replace(/\.socket$/, ".service");
    const blocked = started.filter((unit) => unit.endsWith(".socket") && !isActive(unit) && isActive(serviceOf(unit)));
    const restartSockets = units.filter(
        (unit) =>
            blocked.includes(unit) ||
            (!isService(unit) &&
                isActive(unit) &&
                !stop.includes(unit) &&
                started.includes(unit) &&
                (hasToRestart(unit, before.get(unit) ?? "", look.imageUnits.get(unit) ?? "") ||
                    changedFiles.some((file) => file.unit === unit) ||
                    drop.some((path) => path.includes(`/${unit}.d/`)))),
    );
    const restart = units.filter(
        (unit) =>
            isService(unit) &&
            !isTemplate(unit) &&
            !stop.includes(unit) &&
            (restartSockets.some((socket) => isActive(unit) && serviceOf(socket) === unit) ||
                (started.includes(unit)
                    ? unitChanged(unit) || !isServing(state(unit) ?? NOT_LOADED)
                    : isActive(unit) && unitChanged(unit))),
    );
    const start = started.filter((unit) => !isService(unit) && !isActive(unit) && !blocked.includes(unit));
    const leave = [...before.keys()].filter((unit) => !look.imageUnits.has(unit));
    const enable = units.filter((unit) => declared.get(unit)?.enabled && !isEnabled(unit));
    const disable = units.filter((unit) => declared.get(unit)?.enabled === false && isEnabled(unit));
    const known = [...new Set([...before.keys(), ...units])];
    return {
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
        activated: restart.flatMap((service) =>
            (state(service)?.triggeredBy ?? [])
                .filter((socket) => socket.endsWith(".socket") && isActive(socket) && !restartSockets.includes(socket))
                .map((socket) => ({ service, socket })),
        ),
        beforeSwitch: previous?.path === desired.image ? undefined : desired.beforeSwitch,
        isKeptOnceMigrated: desired.isKeptOnceMigrated,
        previous,
        attach,
        files: desired.files,
        changed: changedFiles,
        verify: changedFiles.flatMap(({ unit, path, content }) =>
            unit === undefined
                ? []
                : [{ unit, name: path.split("/").pop() as string, content, unitText: look.imageUnits.get(unit) }],
        ),
        drop,
        leave,
        enable,
        disable,
        stop,
        restartSockets,
        start,
        restart,
        units,
        started,
        systemdVersion: look.facts.systemdVersion,
        before: {
            enabled: known.filter(isEnabled),
            active: known.filter((unit) => !isTemplate(unit) && isActive(unit)),
        },
        nothingToDo:
            look.applied &&
            !look.isUnfinished &&
            !attach &&
            !filesChanged &&
            look.owner?.token === desired.token &&
            [enable, disable, stop, start, restart, restartSockets, leave].every((list) => list.length === 0),
    };
}

const NOT_LOADED = { active: "inactive", sub: "dead", type: "", result: "" };

/** Whether the profile is a copy where a link is wanted, or the other way round. */
function isCopiedOtherwise(look: ServiceLook, copy: string | undefined): boolean {
    if (copy === undefined || copy === "auto") return false;
    const services = look.attached.filter(({ unit }) => unit.endsWith(".service"));
    return services.some(({ profile }) => (profile === undefined) !== (copy === "copy"));
}

/** Of a unit that is no service, and active. */
function hasToRestart(unit: string, before: string, now: string): boolean {
    return unit.endsWith(".socket") ? whyClosing(before, now) !== undefined : before !== now;
}
