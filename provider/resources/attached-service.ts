import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { Failure, HostContext, Resource } from "../contract";
import { PartialFailure, UserError } from "../errors";
import { objectType } from "../schema/marks";
import { UNKNOWN, Unknown } from "../schema/values";
import { requirePortable } from "../systemd/host-facts";
import { foundFiles } from "../systemd/host-files";
import { dropInPath, imageName, isDropInPath } from "../systemd/paths";
import type { Owner } from "../systemd/prelude";
import { attachedImage, lookForService, type ServiceLook, serviceLook } from "../systemd/service-look";
import { CONFIRMATION, detachService, switchService } from "../systemd/service-switch";
import { CONFIRM_SECONDS } from "../systemd/switch-back";
import { type DesiredService, planSwitch } from "../systemd/switch-plan";
import { restOfSwitch } from "../systemd/switch-rest";
import { parseShow, type ShownUnit, unitState } from "../systemd/unit-states";
import { type Connection, connection } from "../target/connection";
import type { Target } from "../target/target";
import {
    checkHostFiles,
    containsUnknown,
    dropInFile,
    dropInText,
    foundStates,
    hostFiles,
    oneContent,
    resolveHostFiles,
    secretIf,
    sections,
    sha256,
    unitName,
    warnOfSecretEnvironment,
} from "./drop-in-content";
import { checkHealthInput, health, waitUntilHealthy } from "./health";
import {
    asText,
    budgetSeconds,
    located,
    newOwner,
    objectId,
    ownerOf,
    type Performed,
    perform,
    recordText,
} from "./operation";
import { stepsOfChange, warnOfClosingByDropIn } from "./service-preview";
import { failureText, gaplessText, notAsDeclared, refuseBefore, refused } from "./service-texts";

const inlineDropIn = objectType(
    "InlineDropIn",
    "A drop-in that belongs to the service: it changes and goes back together with the image.",
    {
        unit: unitName.describe("Unit of the image that the drop-in is for."),
        name: z
            .string()
            .regex(
                /^[A-Za-z0-9:_.@-]+\.conf$/,
                "isn't the file name of a drop-in: it must end in .conf, without a directory",
            )
            .default("50-portable.conf")
            .describe("File name in /etc/systemd/system/<unit>.d. Drop-ins are read in the order of their names."),
        sections: sections.optional(),
        text: z.string().optional().describe("The drop-in as text, in place of `sections`."),
    },
);

/** What a preset sets, after the profile (10-profile.conf) and before the user's own drop-ins. */
const PRESETS = {
    // A program that makes machine code as it runs: Node.js, Java, .NET.
    jit: "[Service]\nMemoryDenyWriteExecute=no\n",
} as const;
const PRESETS_FILE = "15-presets.conf";

const unitOverride = objectType(
    "UnitOverride",
    "What to do with a unit, where it isn't what its [Install] section and the profile say.",
    {
        enable: z
            .boolean()
            .optional()
            .describe("Whether it starts with the host. Default: whether the unit has an [Install] section."),
        start: z
            .boolean()
            .optional()
            .describe(
                "Whether it runs after the deployment; false stops it. Default: whether the unit has an [Install] section.",
            ),
        presets: z
            .array(z.enum(["jit"]))
            .optional()
            .describe(
                "What the profile forbids and the program needs, and no more: `jit` lets Node.js, Java and .NET make machine code (MemoryDenyWriteExecute=no); the rest of the sandbox stays.",
            ),
    },
);

const beforeSwitch = objectType(
    "BeforeSwitch",
    "A command that runs in the new image before its services do, with the sandbox, user, state and environment of one of them (not its RuntimeDirectory): a migration of the data, for example. The old service runs on meanwhile. When it fails, nothing is switched.",
    {
        command: z.array(z.string()).min(1).describe("Program in the image, with its arguments, taken literally."),
        unit: unitName.describe("Service of the image that it runs like."),
    },
);

const inputs = z.strictObject({
    image: z
        .string()
        .regex(/^\/.*[^/]$/, "isn't the absolute path of an image on the host")
        .describe(
            "Path of the image on the host: the `path` of a PortableImage. Another image of the same name is an update; another name replaces.",
        ),
    profile: z
        .string()
        .regex(
            /^[A-Za-z0-9_.-]+$/,
            "isn't the name of a profile: default, nonetwork, strict, trusted, or one that is on the host",
        )
        .default("default")
        .describe(
            "Security profile that the units are attached with: default, nonetwork, strict, trusted, or another one that is on the host.",
        ),
    units: z.record(unitName, unitOverride).optional().describe("Overrides by unit of what [Install] says."),
    dropIns: z
        .array(inlineDropIn)
        .optional()
        .describe(
            "Drop-ins of the image's units. Image, drop-ins and files are one update, with one restart and one way back.",
        ),
    files: hostFiles.optional(),
    extensions: z
        .array(z.string().startsWith("/"))
        .default([])
        .describe(
            "Paths of extension images on the host, in order: their units are units of the service, and see the image with them laid over it (`portablectl attach --extension`).",
        ),
    health: health.optional(),
    beforeSwitch: beforeSwitch.optional(),
    rollback: z
        .enum(["always", "unlessMigrated"])
        .default("always")
        .describe(
            "What a failed update does: `always` goes back to what was before; `unlessMigrated` leaves the new image attached once `beforeSwitch` has run, since the old program may not know the data any more. Data never goes back.",
        ),
    runtime: z
        .boolean()
        .default(false)
        .meta({ description: "Attach until the next boot of the host only.", replaces: true }),
    copy: z
        .enum(["auto", "copy", "symlink", "mixed"])
        .optional()
        .describe(
            "Whether portabled copies units and profile or links them (`portablectl attach --copy`; mixed needs systemd 256). Default: auto.",
        ),
    force: z
        .boolean()
        .default(false)
        .describe("Attach although a unit of the same name is active (`portablectl attach --force`)."),
    connection: connection.optional(),
});
type Inputs = z.output<typeof inputs>;

const unitStateType = objectType("UnitState", "A unit as systemd shows it.", {
    load: z.string().describe("LoadState: loaded, not-found, masked, ..."),
    active: z.string().describe("ActiveState: active, inactive, failed, activating, ...; `template` for a template."),
    sub: z.string().describe("SubState: running, listening, exited, dead, ..."),
    enablement: z.string().describe("UnitFileState: enabled, disabled, static, ..."),
});

const outputs = z.strictObject({
    name: z.string().describe("Name of the portable service: the prefix of its units."),
    serving: z.string().describe("Image that is attached now; empty where none is."),
    units: z
        .record(z.string(), unitStateType)
        .describe("Every unit of the image, with its load, active, sub and enablement state."),
    dropInTexts: z.record(z.string(), z.string()).describe("Each drop-in as written, by its path on the host."),
    hostFiles: z.record(z.string(), z.string()).describe("Mode, owner, group and SHA-256 of each host file."),
    gapless: z
        .string()
        .describe(
            "Whether the last update kept connections waiting rather than refusing them, as it was seen: `yes` or `no`, and why; empty before the first one.",
        ),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("The resource's record on the host: whose the service is."),
    connection: connection.describe("The login that worked last."),
});
type Outputs = z.output<typeof outputs>;

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
                    reason: `${dropIn.unit} has two drop-ins ${dropIn.name}: give one another name`,
                });
            texts[file] = content.text;
            failures.push(...oneContent(dropIn, path), ...content.failures);
        }
        for (const [unit, override] of given.units instanceof Unknown ? [] : Object.entries(given.units ?? {})) {
            if (override instanceof Unknown || containsUnknown(override.presets)) isTextKnown = false;
            else
                for (const { name, text } of presetDropIns(unit, override.presets as (keyof typeof PRESETS)[]))
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
        const target = await context.connect(given.connection);
        return reconcile(context, target, given, { owner: newOwner(context, imageName(given.image)), gapless: "" });
    },

    async update(context, { inputs: given, olds }) {
        const target = await context.connect(given.connection);
        const owner = ownerOf(context, olds.outputs.record, imageName(given.image));
        const { gapless, dropInTexts, hostFiles } = olds.outputs;
        const adopted = [dropInTexts, hostFiles].flatMap((files) => Object.keys((files as object | undefined) ?? {}));
        return reconcile(context, target, given, { owner, gapless: asText(gapless), adopted });
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const target = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const name = asText(known.name) || (id.split("@")[0] ?? "");
        const owner = ownerOf(context, known.record, name);
        const texts = Object.keys((old.dropInTexts as object | undefined) ?? {});
        const files = Object.keys((old.files as object | undefined) ?? {});
        const look = await lookAtHostFor(context, target, {
            name,
            image: undefined,
            extensions: [],
            owner,
            paths: [...texts, ...files],
            texts,
            mayPutBack: false,
        });
        if (known.machineId !== undefined && look.facts.machineId !== known.machineId) {
            context.warn(
                `${target.host} is another machine now: the service ${name} was on ${asText(known.machineId)}.`,
            );
            return undefined;
        }
        const attached = attachedImage(look);
        // While the record is ours, a service that was detached by hand is something to repair.
        if (attached === undefined && look.owner?.nonce !== owner.nonce) return undefined;
        const found = {
            dropInTexts: Object.fromEntries(look.texts),
            hostFiles: foundStates(look.files, files),
        };
        const outputs = { ...known, ...outputsOf(look, look.shown, name, owner, target), ...found };
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
                unhealthy.map((reason) => `${reason} on ${target.host}: \`pulumi up\` repairs it`),
                result.inputs,
            );
        return result;
    },

    async delete(context, { inputs: old, outputs: known }) {
        const target = await context.connectAny([known.connection as Connection, old.connection as Connection]);
        const name = asText(known.name) || imageName(asText(old.image));
        const owner = ownerOf(context, known.record, name);
        const said = await perform(context, target, () => detachService(name, owner, asText(known.machineId)));
        if (said.has("other-machine"))
            context.warn(`${target.host} is another machine now: nothing of the service ${name} is there to remove.`);
        else if (said.has("done")) context.status(`${name} is detached`);
        else if (!said.has("superseded"))
            throw new UserError({
                host: target.host,
                what: `${said.one("failed") ?? `removing ${name}`} failed`,
                said: said.block("said") ?? said.stderr,
            });
    },
};

async function lookAtHostFor(
    context: HostContext,
    target: Target,
    request: {
        name: string;
        image: string | undefined;
        extensions: string[];
        owner: Owner;
        paths: string[];
        texts: string[];
        mayPutBack: boolean;
    },
): Promise<ServiceLook> {
    const said = await perform(context, target, () => lookForService({ ...request, token: request.owner.token }));
    return serviceLook(said, { host: target.host, image: request.image });
}

interface Known {
    owner: Owner;
    /** The output as it was. */
    gapless: string;
    /** Files of the state: there where it has the service already. Then what is attached is taken for it. */
    adopted?: string[];
    /** Looks after which the host wasn't any more as it was seen. */
    looksBefore?: number;
}

/** Another operation may be at the same service; each time it is through, the host is looked at again. */
const LOOKS = 3;

/** Observe, bring to the declared state, verify, read back. Equal inputs are reconciled too. */
async function reconcile(
    context: HostContext,
    target: Target,
    given: Inputs,
    { owner, gapless, adopted, looksBefore = 0 }: Known,
): Promise<{ id: string; outputs: Outputs }> {
    const name = imageName(given.image);
    const host = target.host;
    return located({ host }, async () => {
        const desired = await desiredService(context, given, owner);
        const paths = desired.files.map((file) => file.path);
        context.status("looking at the host");
        const look = await lookAtHostFor(context, target, {
            name,
            image: given.image,
            extensions: given.extensions,
            owner,
            paths,
            texts: [],
            mayPutBack: true,
        });
        requirePortable(look.facts, host);
        const isLast = looksBefore + 1 >= LOOKS;
        const again = () =>
            reconcile(context, target, given, { owner, gapless, adopted, looksBefore: looksBefore + 1 });
        if (look.isUnfinished && !isLast) return again();
        const imageUnits = refuseBefore(look, given, owner, name, adopted === undefined);
        const plan = planSwitch({ ...look, imageUnits }, desired);
        const id = objectId(name, look.facts.machineId);
        const result = (
            shown: Map<string, ShownUnit>,
            serving: string,
            seen = gapless,
        ): { id: string; outputs: Outputs } => ({
            id,
            outputs: {
                name,
                serving,
                units: Object.fromEntries([...shown].map(([unit, state]) => [unit, unitState(state)])),
                dropInTexts: Object.fromEntries(desired.texts),
                hostFiles: foundStates(
                    new Map(desired.files.map((file) => [file.path, file])),
                    Object.keys(given.files ?? {}),
                ),
                gapless: seen,
                machineId: look.facts.machineId,
                record: recordText(owner),
                connection: target.connection,
            },
        });
        if (plan.nothingToDo && look.owner?.nonce === owner.nonce) return result(look.shown, given.image);

        const checks = {
            stableSeconds: given.health?.stableSeconds,
            command: given.health?.command,
            timeoutSeconds: given.health?.timeoutSeconds ?? 0,
        };
        let unhealthy: string | undefined;
        const ended = new AbortController();
        const confirm = async () => {
            const signal = AbortSignal.any([context.signal, ended.signal]);
            unhealthy =
                given.health &&
                (await waitUntilHealthy({ signal, status: (text) => context.status(text) }, target, given.health));
            if (unhealthy !== undefined) return "unhealthy\n";
            // A host that serves but lets nobody in any more goes back by itself: so a newcomer tries the door.
            const patience = AbortSignal.timeout((CONFIRM_SECONDS - 5) * 1000);
            await target.reach({ signal: AbortSignal.any([signal, patience]) });
            return `${CONFIRMATION}\n`;
        };
        const switchId = randomBytes(8).toString("hex");
        let said: Performed;
        let lost: string | undefined;
        try {
            said = await perform(
                context,
                target,
                (report) =>
                    switchService(report, name, owner, plan, checks, adopted ?? [], budgetSeconds(context), switchId),
                { confirm },
            ).finally(() => ended.abort(new Error("the update has ended")));
            if (said.has("touched") && !said.has("done") && !said.has("failed"))
                throw new UserError({ what: "its program was killed there", said: said.stderr });
        } catch (error) {
            lost = error instanceof UserError ? error.problem.what : String(error);
            const reason = lost;
            try {
                said = await perform(context, target, () => restOfSwitch(name, owner, plan, switchId, reason));
            } catch {
                throw new PartialFailure(id, result(look.shown, plan.previous?.path ?? "").outputs, [
                    `The update failed on ${host}: ${reason}. The host goes back by itself to what served before, if it isn't confirmed; what serves now isn't known here: \`pulumi refresh\` looks, \`pulumi up\` repairs.`,
                ]);
            }
        }
        if ((said.has("interrupted") || said.has("changed")) && !isLast) return again();
        if (!said.has("touched")) refused(said, name, given);
        const shown = parseShow(said.block("show") ?? "");
        if (said.has("done")) {
            context.status(`${given.image.split("/").pop()} serves`);
            return result(shown, given.image, lost === undefined ? gaplessText(said, plan) : undefined);
        }
        const serving = said.one("serving")?.split(" ")[0] ?? "nothing";
        const before = plan.previous?.path ?? "";
        // What served before is held to the same health as what was to replace it.
        const goneBack =
            given.health !== undefined && serving === before && before !== ""
                ? await waitUntilHealthy(context, target, given.health)
                : undefined;
        const attached = serving === "kept" ? given.image : serving === "nothing" ? before : serving;
        const { outputs } = result(shown, attached);
        const files = foundFiles(said.all("file"));
        const found = {
            dropInTexts: Object.fromEntries([...said.blocksOf("content")].filter(([path]) => isDropInPath(path))),
            hostFiles: foundStates(
                files,
                [...files.keys()].filter((path) => !isDropInPath(path)),
            ),
        };
        throw new PartialFailure(id, { ...outputs, ...found }, [
            failureText(said, plan, host, { unhealthy, goneBack }),
        ]);
    });
}

/** The drop-in of a unit's presets, if it has any. */
function presetDropIns(unit: string, presets: readonly (keyof typeof PRESETS)[] = []) {
    if (presets.length === 0) return [];
    return [{ unit, name: PRESETS_FILE, text: presets.map((preset) => PRESETS[preset]).join("") }];
}

async function desiredService(
    context: HostContext,
    given: Inputs,
    owner: Owner,
): Promise<DesiredService & { texts: [string, string][] }> {
    const texts = [
        ...(given.dropIns ?? []).map((dropIn) => ({ ...dropIn, text: dropInText(dropIn, []).text as string })),
        ...Object.entries(given.units ?? {}).flatMap(([unit, { presets }]) => presetDropIns(unit, presets)),
    ];
    const dropIns = texts.map(({ unit, name, text }) => ({ ...dropInFile(unit, name, text), unit }));
    const files = await resolveHostFiles(context, given.files);
    return {
        image: given.image,
        profile: given.profile,
        extensions: given.extensions,
        isRuntime: given.runtime,
        copy: given.copy,
        force: given.force,
        beforeSwitch: given.beforeSwitch,
        isKeptOnceMigrated: given.rollback === "unlessMigrated",
        units: given.units ?? {},
        files: [...dropIns, ...files].map((file) => ({ ...file, digest: sha256(file.content) })),
        texts: dropIns.map((file) => [file.path, file.content.toString()]),
        token: owner.token,
    };
}

function outputsOf(look: ServiceLook, shown: Map<string, ShownUnit>, name: string, owner: Owner, target: Target) {
    return {
        name,
        serving: attachedImage(look)?.path ?? "",
        units: Object.fromEntries([...shown].map(([unit, state]) => [unit, unitState(state)])),
        machineId: look.facts.machineId,
        record: recordText(owner),
        connection: target.connection,
    };
}
