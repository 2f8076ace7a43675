import { isTemplate } from "../../systemd/unit-names";
import { type HostFile, spelledAs } from "../files";
import type { BeforeSwitch } from "./before-switch";
import type { DesiredService } from "./desired";
import { type Attachment, attachedImage, type InspectedService } from "./inspect";
import { type LinkPlan, planLinks } from "./plan-links";
import { type FilePlan, type Found, fileName, Units } from "./plan-units";

/** The steps from the current to the declared state, and what the rollback needs. */
export interface SwitchPlan extends LinkPlan, Omit<FilePlan, "changed"> {
    image: Attachment;
    /** Further options of `portablectl attach`. */
    attachOptions: string[];
    /** Command to run if the image has changed. */
    beforeSwitch: BeforeSwitch | undefined;
    isKeptOnceMigrated: boolean;
    /** What is attached now; undefined if nothing is. */
    previous: Attachment | undefined;
    attach: boolean;
    files: HostFile[];
    /** Files that differ on the host from their declaration. */
    changed: HostFile[];
    /** Units that the new image lacks, which are stopped and disabled before it is attached. */
    leave: string[];
    stop: string[];
    /** Sockets that must close, since their section has changed, and timers that have elapsed for the last time. */
    restartSockets: string[];
    /** Inactive sockets, timers, paths and targets, and targets that want other units than before. */
    start: string[];
    /** Services to restart; a restart also starts a service that isn't running. */
    restart: string[];
    /** The services among them with an open socket, in which connections wait during the restart. */
    activated: { service: string; socket: string }[];
    /** Units of the image, and declared or loaded instances. */
    units: string[];
    /** Units that must be active at the end. */
    started: string[];
    /** Drop-ins with the units that must have read them at the end. */
    readBy: { path: string; units: string[] }[];
    /** Resolves a name in the inputs to a unit, as an alias may not exist on the host. */
    unitNamed: (name: string) => string;
    systemdVersion: number;
    /** Enabled and active units before the switch, for the rollback. */
    before: { enabled: string[]; active: string[] };
    nothingToDo: boolean;
}

/** Plans the steps from the inspected state to the declared service. */
export function planSwitch(inspected: Found, desired: DesiredService): SwitchPlan {
    const previous = attachedImage(inspected);
    const attach = mustAttach(inspected, desired, previous);
    const files = planFiles(inspected, desired);
    const units = new Units(inspected, desired, attach, files);
    const links = planLinks(units, desired.isRuntime);
    const unitNamed = (name: string) => units.declared.resolve(name) ?? name;
    const { beforeSwitch } = desired;
    const steps = {
        leave: units.leave,
        stop: units.stop,
        start: units.start,
        restart: units.restart,
        restartSockets: units.restartSockets,
    };
    return {
        ...steps,
        ...files,
        ...links,
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
        beforeSwitch:
            beforeSwitch === undefined || previous?.path === desired.image
                ? undefined
                : { ...beforeSwitch, unit: unitNamed(beforeSwitch.unit) },
        unitNamed,
        isKeptOnceMigrated: desired.isKeptOnceMigrated,
        previous,
        attach,
        files: desired.files,
        units: units.all,
        started: units.started,
        readBy: units.readBy(desired.files),
        systemdVersion: inspected.facts.systemdVersion,
        before: {
            enabled: units.allWithAttached.filter((unit) => units.isEnabled(unit)),
            active: units.allWithAttached.filter((unit) => !isTemplate(unit) && units.isActive(unit)),
        },
        nothingToDo:
            inspected.applied &&
            !inspected.isUnfinished &&
            !attach &&
            files.changed.length + files.drop.length === 0 &&
            inspected.owner?.token === desired.token &&
            [...Object.values(steps), links.unlink, links.enable].every((list) => list.length === 0),
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

function planFiles({ files, recordedFiles }: Found, desired: DesiredService): FilePlan {
    const changed = desired.files.filter((file) => {
        if (file.isKept) return false;
        const onHost = files.get(file.path);
        const found = onHost && spelledAs(onHost, file);
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
            unit === undefined ? [] : [{ unit, name: fileName(path), content }],
        ),
        drop: recordedFiles.filter((path) => !desired.files.some((file) => file.path === path)),
    };
}

/** Whether the profile is a copy although a link is declared (portabled's default), or the other way round. */
function isCopiedOtherwise(inspected: InspectedService, copy: string | undefined): boolean {
    const services = inspected.attached.filter(({ unit }) => unit.endsWith(".service"));
    return services.some(({ profile }) => (profile === undefined) !== (copy === "copy"));
}
