import type { Resource } from "../../contract";
import { type Failure, PartialFailure, UserError } from "../../errors";
import type { Connection } from "../../host/connection";
import type { Host } from "../../host/host";
import type { Owner } from "../../host/owner";
import { perform } from "../../host/perform";
import { detachService } from "../../host/service/detach";
import { attachedImage, type ServiceLook } from "../../host/service/look";
import type { DesiredService } from "../../host/service/plan";
import { asText, UNKNOWN, Unknown } from "../../schema/values";
import { dropInPath, imageName } from "../../systemd/paths";
import { type ShownUnit, unitState } from "../../systemd/unit-states";
import {
    checkHostFiles,
    containsUnknown,
    dropInText,
    foundStates,
    oneContent,
    secretIf,
    warnOfSecretEnvironment,
} from "../drop-in/content";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import { checkHealthInput } from "./health";
import { type Preset, presetDropIns } from "./presets";
import { stepsOfChange, warnOfClosingByDropIn } from "./preview";
import { lookAtHostFor, reconcile } from "./reconcile";
import { inputs, outputs } from "./schema";
import { notAsDeclared } from "./texts";

export const attachedService: Resource<typeof inputs, typeof outputs> = {
    name: "AttachedService",
    description:
        "A portable service: an image attached on a host, with its units enabled and started, and with the drop-ins and host files that belong to it. An update keeps sockets open; when the new image doesn't come up, the image, drop-ins and files from before come back.",
    inputs,
    outputs,
    derived: {
        dropInTexts: {
            description: "Each drop-in as it will be written.",
            from: ["dropIns", "units"],
            impliedBy: ["dropIns", "units"],
        },
        hostFiles: {
            description: "Mode, owner, group and SHA-256 of each host file.",
            from: ["files"],
            impliedBy: ["files"],
        },
    },

    async check(context, { inputs: given, isSecret }) {
        const failures: Failure[] = [];
        const texts: Record<string, string | Unknown> = {};
        let isTextKnown = !(given.dropIns instanceof Unknown);
        for (const [index, dropIn] of (given.dropIns instanceof Unknown ? [] : (given.dropIns ?? [])).entries()) {
            const path = ["dropIns", index];
            if (dropIn instanceof Unknown || dropIn.unit instanceof Unknown || dropIn.name instanceof Unknown) {
                isTextKnown = false;
                continue;
            }
            warnOfSecretEnvironment(context, dropIn.unit, dropIn.sections, isSecret, [...path, "sections"]);
            const content = dropInText({ ...dropIn, unit: dropIn.unit, name: dropIn.name }, path);
            const file = dropInPath(dropIn.unit, dropIn.name);
            if (file in texts)
                failures.push({
                    path: [...path, "name"],
                    what: `${dropIn.unit} has two drop-ins ${dropIn.name}: give one another name`,
                });
            texts[file] = content.text;
            failures.push(...oneContent(dropIn, path), ...content.failures);
        }
        for (const [unit, override] of given.units instanceof Unknown ? [] : Object.entries(given.units ?? {})) {
            if (override instanceof Unknown || containsUnknown(override.presets)) isTextKnown = false;
            else
                for (const { name, text } of presetDropIns(unit, override.presets as Preset[]))
                    texts[dropInPath(unit, name)] = text;
        }
        const files = await checkHostFiles(context, given.files, ["files"]);
        failures.push(...checkHealthInput(given.health));
        return {
            derived: {
                dropInTexts: isTextKnown ? secretIf(isSecret(["dropIns"]), texts) : UNKNOWN,
                hostFiles: secretIf(isSecret(["files"]), files.states),
            },
            failures: [...failures, ...files.failures],
        };
    },

    diff({ oldInputs, oldOutputs, inputs: given }) {
        const old = imageName(asText(oldInputs.image));
        const renamed = typeof given.image === "string" && old !== "" && imageName(given.image) !== old;
        return {
            // Two services that can't stand beside each other on one port: the old one goes first.
            ...(renamed ? { replaces: [["image"]] } : {}),
            deleteBeforeReplace: renamed || (oldInputs.runtime ?? false) !== (given.runtime ?? false),
            drift: asText(oldOutputs.serving) === asText(oldInputs.image) ? [] : [["serving"]],
        };
    },

    async preview(context, { inputs: given, derived, olds }) {
        if (olds !== undefined) {
            const change = { before: olds.inputs, now: { ...given, ...derived } };
            const steps = stepsOfChange(change);
            if (steps !== "") context.status(steps);
            warnOfClosingByDropIn(context, change);
        }
        const isSame = olds !== undefined && olds.inputs.image === given.image;
        return {
            name: typeof given.image === "string" ? imageName(given.image) : UNKNOWN,
            serving: given.image,
            units: isSame ? olds.outputs.units : UNKNOWN,
            gapless: isSame ? olds.outputs.gapless : UNKNOWN,
            dropInTexts: derived.dropInTexts,
            hostFiles: derived.hostFiles,
            machineId: olds?.outputs.machineId ?? UNKNOWN,
            record: olds?.outputs.record ?? UNKNOWN,
        };
    },

    async create(context, { inputs: given }) {
        const host = await context.connect(given.connection);
        return reconcile(context, host, given, { owner: newOwner(context, imageName(given.image)), gapless: "" });
    },

    async update(context, { inputs: given, olds }) {
        const host = await context.connect(given.connection);
        const owner = ownerOf(context, olds.outputs.record, imageName(given.image));
        const { gapless, dropInTexts, hostFiles } = olds.outputs;
        const adopted = [dropInTexts, hostFiles].flatMap((files) => Object.keys((files as object | undefined) ?? {}));
        return reconcile(context, host, given, { owner, gapless: asText(gapless), adopted });
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const host = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const name = asText(known.name) || (id.split("@")[0] ?? "");
        const owner = ownerOf(context, known.record, name);
        const texts = Object.keys((old.dropInTexts as object | undefined) ?? {});
        const files = Object.keys((old.files as object | undefined) ?? {});
        const look = await lookAtHostFor(context, host, {
            name,
            image: undefined,
            extensions: [],
            owner,
            paths: [...texts, ...files],
            texts,
            mayPutBack: false,
        });
        if (known.machineId !== undefined && look.facts.machineId !== known.machineId) {
            context.warn(`${host.name} is another machine now: the service ${name} was on ${asText(known.machineId)}.`);
            return undefined;
        }
        const attached = attachedImage(look);
        // While the record is ours, a service that was detached by hand is something to repair.
        if (attached === undefined && look.owner?.nonce !== owner.nonce) return undefined;
        const found = {
            dropInTexts: Object.fromEntries(look.texts),
            hostFiles: foundStates(look.files, files),
        };
        const outputs = { ...known, ...outputsOf(look, look.shown, name, owner, host), ...found };
        const result = {
            id: objectId(name, look.facts.machineId),
            inputs: {
                ...old,
                ...found,
                ...(attached === undefined
                    ? {}
                    : {
                          image: attached.path,
                          profile: attached.profile,
                          extensions: attached.extensions,
                          runtime: attached.isRuntime,
                      }),
            },
            outputs,
        };
        const unhealthy =
            attached === undefined
                ? [`${name} is attached nowhere`]
                : notAsDeclared(look, (old.units as DesiredService["units"] | undefined) ?? {});
        if (unhealthy.length > 0)
            throw new PartialFailure(
                result.id,
                result.outputs,
                unhealthy.map((reason) => `${reason} on ${host.name}: \`pulumi up\` repairs it`),
                result.inputs,
            );
        return result;
    },

    async delete(context, { inputs: old, outputs: known }) {
        const host = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const name = asText(known.name) || imageName(asText(old.image));
        const owner = ownerOf(context, known.record, name);
        const said = await perform(context, host, () => detachService(name, owner, asText(known.machineId)));
        if (said.has("other-machine"))
            context.warn(`${host.name} is another machine now: nothing of the service ${name} is there to remove.`);
        else if (said.has("done")) context.status(`${name} is detached`);
        else if (!said.has("superseded"))
            throw new UserError({
                host: host.name,
                what: `${said.one("failed") ?? `removing ${name}`} failed`,
                said: said.block("said") ?? said.stderr,
            });
    },
};

function outputsOf(look: ServiceLook, shown: Map<string, ShownUnit>, name: string, owner: Owner, host: Host) {
    return {
        name,
        serving: attachedImage(look)?.path ?? "",
        units: Object.fromEntries([...shown].map(([unit, state]) => [unit, unitState(state)])),
        machineId: look.facts.machineId,
        record: recordText(owner),
        connection: host.connection,
    };
}
