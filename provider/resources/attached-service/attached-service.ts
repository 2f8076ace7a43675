import type { Resource } from "../../contract";
import { PartialFailure, UserError } from "../../errors";
import { canonicalConnection } from "../../host/merge-connection";
import { budgetSeconds, perform } from "../../host/perform";
import { detachService } from "../../host/service/detach";
import { attachedImage, type InspectedService } from "../../host/service/inspect";
import { isRecord, UNKNOWN, Unknown } from "../../schema/values";
import { dropInPath, imageName } from "../../systemd/paths";
import { fileTexts, showFinalNewlines } from "../content/final-newlines";
import {
    checkHostFiles,
    derivedHostFiles,
    derivedHostFileTexts,
    foundDropIns,
    foundHostFiles,
    textsAsFound,
} from "../content/host-files";
import { secretIf, warnOfSecrets } from "../content/secrets";
import { hostOf, removeFromHost } from "../object-host";
import { newServiceOwner, objectId, ownerOf } from "../owner";
import { notAsDeclared } from "./as-declared";
import { dropInsOf } from "./desired";
import { formerUnits } from "./former-units";
import { unitsAsFound } from "./found";
import { checkHealthInput } from "./health";
import { migrate } from "./migrate";
import { gapOf, stateOutputs } from "./outputs";
import { changesUnits, effectOf, warnOfClosingByDropIn } from "./preview";
import { inspectHostFor, instancesIn, reconcile } from "./reconcile";
import { inputs, outputs } from "./schema";

export const attachedService: Resource<typeof inputs, typeof outputs> = {
    name: "AttachedService",
    description:
        "A portable service: an image attached on a host, with its units enabled and started, and with the drop-ins and host files that belong to it. An update keeps sockets open; when the new image fails to start, the image, drop-ins and files are rolled back.",
    inputs,
    outputs,
    derived: {
        dropInTexts: {
            description: "Each drop-in as it will be written.",
            from: ["dropIns", "units"],
            impliedBy: ["dropIns", "units"],
            decides: ["dropIns"],
        },
        hostFiles: derivedHostFiles,
        hostFileTexts: derivedHostFileTexts,
    },

    async check(context, { inputs: declared, oldInputs, isSecret }) {
        for (const [index, dropIn] of Array.isArray(declared.dropIns) ? declared.dropIns.entries() : [])
            if (!(dropIn instanceof Unknown)) warnOfSecrets(context, dropIn, isSecret, ["dropIns", index]);
        const dropIns = dropInsOf(declared);
        const files = await checkHostFiles(context, declared.files, ["files"], isSecret, Object.keys(dropIns.texts));
        return {
            derived: {
                dropInTexts: dropIns.isComplete ? secretIf(isSecret(["dropIns"]), dropIns.texts) : UNKNOWN,
                hostFiles: secretIf(isSecret(["files"]), files.states),
                ...(files.texts === undefined ? {} : { hostFileTexts: files.texts }),
            },
            failures: [
                ...dropIns.failures,
                ...checkHealthInput(declared.health),
                ...files.failures,
                ...formerUnits(oldInputs, declared),
            ],
        };
    },

    identities: {
        dropIns: (dropIn) =>
            isRecord(dropIn) && typeof dropIn.unit === "string"
                ? dropInPath(dropIn.unit, typeof dropIn.name === "string" ? dropIn.name : "")
                : undefined,
    },

    migrate,

    canonical(_urn, { units, health, copy, connection, ...others }) {
        return {
            ...others,
            // Presets become drop-ins, so their effect is in `dropInTexts`.
            units: isRecord(units) ? startAndEnablement(units) : (units ?? {}),
            health: hasChecks(health) ? health : undefined,
            // portabled copies the units of an image file in any case, and links the profile unless it is to be copied.
            copy: copy === undefined || copy === "symlink" ? "auto" : copy,
            connection: canonicalConnection(connection),
        };
    },

    diff({ oldInputs, oldOutputs, inputs: declared }) {
        const oldName = imageName(oldInputs.image ?? "");
        const isRenamed = typeof declared.image === "string" && oldName !== "" && imageName(declared.image) !== oldName;
        return {
            // Two services can't listen on the same port, so the old one is removed first.
            ...(isRenamed ? { replaces: [["image"]] } : {}),
            deleteBeforeReplace: isRenamed || (oldInputs.untilReboot ?? false) !== (declared.untilReboot ?? false),
            drift: (oldOutputs.serving ?? "") === (oldInputs.image ?? "") ? [] : [["serving"]],
        };
    },

    async preview(context, { inputs: declared, derived, olds }) {
        const { dropInTexts, hostFiles } = derived;
        const update = olds && {
            before: { ...olds.inputs, ...pickDefined(olds.outputs, ["dropInTexts", "hostFiles"]) },
            now: { ...declared, dropInTexts, hostFiles },
            units: olds.outputs.unitStates ?? {},
        };
        if (update !== undefined) {
            const effect = effectOf(update);
            if (effect !== "") context.info(`${context.label}: this update ${effect}.`);
            warnOfClosingByDropIn(context, update);
            showFinalNewlines(
                context,
                fileTexts(olds?.inputs.files, olds?.outputs.hostFileTexts),
                fileTexts(declared.files, derived.hostFileTexts),
            );
        } else if (context.component !== undefined)
            context.info(
                `${context.label}: if its host has the service under another key of ${context.component.urn.split("::").pop()} already, the service is taken over: it keeps running, and restarts only if image, drop-ins or files differ.`,
            );
        const isSame = update !== undefined && !changesUnits(update);
        return {
            name: typeof declared.image === "string" ? imageName(declared.image) : UNKNOWN,
            serving: declared.image,
            unitStates: isSame ? olds?.outputs.unitStates : UNKNOWN,
            ...(isSame && olds ? gapOf(olds.outputs) : { gapless: UNKNOWN, gaplessReason: UNKNOWN }),
            dropInTexts,
            hostFiles,
            hostFileTexts: derived.hostFileTexts,
            machineId: olds?.outputs.machineId ?? UNKNOWN,
            record: olds?.outputs.record ?? UNKNOWN,
        };
    },

    async create(context, { inputs: declared, derived }) {
        const host = await context.connect(declared.connection);
        const owner = newServiceOwner(context, imageName(declared.image));
        return reconcile(context, host, { declared, derived, owner, gap: {} });
    },

    async update(context, { inputs: declared, derived, olds }) {
        const host = await context.connect(declared.connection);
        const owner = ownerOf(context, olds.outputs.record, imageName(declared.image));
        const { dropInTexts = {}, hostFiles = {} } = olds.outputs;
        const adopted = [...Object.keys(dropInTexts), ...Object.keys(hostFiles)];
        const formerUnits = Object.keys(olds.inputs.units ?? {});
        const { machineId } = olds.outputs;
        const gap = gapOf(olds.outputs);
        return reconcile(context, host, { declared, derived, owner, gap, adopted, formerUnits, machineId });
    },

    async read(context, { id, inputs: old, outputs: oldOutputs }) {
        const isImport = Object.keys(oldOutputs).length === 0;
        const name = oldOutputs.name ?? id.split("@")[0] ?? "";
        const { host, isAnotherMachine } = await hostOf(
            context,
            { inputs: old, outputs: oldOutputs },
            `the service ${name}`,
        );
        const owner = ownerOf(context, oldOutputs.record, name);
        const dropInPaths = Object.keys(old.dropInTexts ?? {});
        const files = Object.keys(old.files ?? {});
        const inspection = await inspectHostFor(context, host, {
            name,
            image: undefined,
            extensions: [],
            owner,
            paths: [...dropInPaths, ...files],
            texts: dropInPaths,
            instances: instancesIn(old.units),
            declaredImage: old.image,
            budgetSeconds: undefined,
        });
        if (isAnotherMachine(inspection.facts.machineId)) return undefined;
        const attached = attachedImage(inspection);
        // While the record has this resource's nonce, a service that was detached by hand is drift, which `up` repairs.
        if (attached === undefined && inspection.owner?.nonce !== owner.nonce) return undefined;
        const found = {
            dropInTexts: foundDropIns(inspection.texts, inspection.files),
            hostFiles: foundHostFiles(inspection.files, files, old.files),
        };
        const asAttached = attached && {
            image: attached.path,
            profile: attached.profile,
            extensions: attached.extensions,
            untilReboot: attached.isRuntime,
            ...(isImport && isCopied(inspection) ? { copy: "copy" } : {}),
        };
        const { hostFileTexts, hostFiles } = oldOutputs;
        const texts = { hostFileTexts: textsAsFound(hostFileTexts, hostFiles, found.hostFiles) };
        const state = stateOutputs({ name, owner, host, inspection, shown: inspection, serving: attached?.path ?? "" });
        const result = {
            id: objectId(name, inspection.facts.machineId),
            inputs: { ...old, ...found, ...asAttached, ...unitsAsFound(inspection, old.units) },
            outputs: { ...oldOutputs, ...state, ...found, ...texts },
        };
        const unhealthy =
            attached === undefined ? [`${name} isn't attached`] : notAsDeclared(inspection, old.units ?? {});
        if (unhealthy.length > 0)
            throw new PartialFailure(
                result.id,
                result.outputs,
                unhealthy.map((reason) => `${reason} on ${host.name}: \`pulumi up\` repairs it`),
                result.inputs,
            );
        return result;
    },

    async delete(context, { inputs: old, outputs: oldOutputs }) {
        const name = oldOutputs.name ?? imageName(old.image ?? "");
        await removeFromHost(
            context,
            { inputs: old, outputs: oldOutputs },
            `the service ${name}`,
            async ({ host, warnOfAnotherMachine }) => {
                const owner = ownerOf(context, oldOutputs.record, name);
                const report = await perform(context, host, () =>
                    detachService(name, owner, oldOutputs.machineId ?? "", budgetSeconds(context)),
                );
                if (report.has("other-machine")) warnOfAnotherMachine();
                else if (report.has("done")) context.status(`${name} is detached`);
                else if (report.has("handed-back"))
                    context.warn(
                        `${name} stays attached on ${host.name}: it was taken over from ${report.one("handed-back")}, which the state still has. \`pulumi refresh\` shows how it is there.`,
                    );
                else if (!report.has("superseded"))
                    throw new UserError({
                        host: host.name,
                        what: `${report.one("failed") ?? `removing ${name}`} failed`,
                        reported: report.block("output") ?? report.stderr,
                    });
            },
        );
    },
};

/** The overrides that `units` has for each unit, without presets and without empty overrides. */
function startAndEnablement(units: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(units).flatMap(([unit, override]) => {
            if (!isRecord(override)) return [[unit, override]];
            const { presets: _, ...others } = override;
            return Object.keys(others).length > 0 ? [[unit, others]] : [];
        }),
    );
}

function hasChecks(health: unknown): boolean {
    if (!isRecord(health)) return health !== undefined;
    const { timeoutSeconds: _, ...checks } = health;
    return Object.keys(checks).length > 0;
}

function pickDefined<T extends object, K extends keyof T>(values: T, names: readonly K[]): Partial<Pick<T, K>> {
    return Object.fromEntries(
        names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
    ) as Partial<Pick<T, K>>;
}

/** Whether portabled copied the profile of the services, rather than linking it (its default). */
function isCopied({ attached }: InspectedService): boolean {
    const services = attached.filter(({ unit }) => unit.endsWith(".service"));
    return services.length > 0 && services.every(({ profile }) => profile === undefined);
}
