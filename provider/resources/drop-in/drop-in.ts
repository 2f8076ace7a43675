import * as z from "zod";
import type { DerivedValues, HostContext, Resource } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import { connection } from "../../host/connection";
import { effectFor, readDropIn, removeDropIn, writeDropIn } from "../../host/drop-in";
import { hostFacts } from "../../host/facts";
import { foundFiles } from "../../host/files";
import type { Host } from "../../host/host";
import { canonicalConnection } from "../../host/merge-connection";
import type { Owner } from "../../host/owner";
import { budgetSeconds, perform } from "../../host/perform";
import { enumType } from "../../schema/marks";
import { type PreviewedObject, present, UNKNOWN, Unknown } from "../../schema/values";
import { dropInPath } from "../../systemd/paths";
import { kindOf } from "../../systemd/unit-names";
import { dropInFile, dropInText } from "../content/drop-in-text";
import { fileTexts, showFinalNewlines } from "../content/final-newlines";
import {
    announcedHostFiles,
    checkHostFiles,
    derivedHostFiles,
    derivedHostFileTexts,
    foundDropIns,
    foundHostFiles,
    refuseOtherKept,
    textsAsFound,
} from "../content/host-files";
import { dropInName, hostFiles, sections, unitName } from "../content/schema";
import { secretIf, warnOfSecrets } from "../content/secrets";
import { hostOf, removeFromHost } from "../object-host";
import { warnOfOverriddenSettings } from "../overridden";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import { failureReason, laterDropIns, refuseUntouched, warnOfInstallSection, warnOfNoEffect } from "./texts";

const onChange = enumType("OnChange", "How a change of a drop-in takes effect in a running unit.", {
    reload: "Reloads the unit (ExecReload=).",
    restart: "Restarts the unit.",
    none: "Only reloads the systemd configuration (daemon-reload).",
});

const inputs = z.strictObject({
    unit: unitName.meta({
        description:
            "Unit of the host that the drop-in is for, portable or not: a unit, an alias, a template (`cowsay@.service`), an instance, or a prefix (`app-.service`, `user-.slice`), which all units read whose names begin with it.",
        replaces: true,
    }),
    name: dropInName.default("override.conf").meta({
        description:
            "File name of the drop-in in /etc/systemd/system/<unit>.d. Drop-ins are read in the order of their names.",
        replaces: true,
    }),
    sections: sections.optional(),
    text: z.string().optional().describe("The drop-in as text, in place of `sections`."),
    files: hostFiles.optional(),
    onChange: onChange
        .optional()
        .describe(
            "How a change takes effect in a unit that is active: `restart` (a socket together with its running services), `reload` (ExecReload=; a mount is remounted with its options), or `none`, which only reloads the systemd configuration. Default: what the kind of unit needs, which is `restart` for services and sockets, `reload` for mounts and `none` for all others. A drop-in of a template or a prefix applies to all active units that read it; connections of a socket with Accept=yes are left alone.",
        ),
    connection: connection.optional(),
});
type Inputs = z.output<typeof inputs>;

const outputs = z.strictObject({
    path: z.string().describe("The drop-in's file on the host."),
    dropInText: z.string().describe("The drop-in as written."),
    hostFiles: z.record(z.string(), z.string()).describe("Mode, owner, group and SHA-256 of each host file."),
    hostFileTexts: z
        .record(z.string(), z.string())
        .optional()
        .describe(
            "Text of each host file that is given as an asset, so that a preview shows the changed lines: of short texts that every user of the host may read.",
        ),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("Internal: identifies the resource that the files belong to."),
    connection: connection.describe("The login that worked last."),
});
type Outputs = z.output<typeof outputs>;

export const dropIn: Resource<typeof inputs, typeof outputs> = {
    name: "DropIn",
    description:
        "A drop-in of any unit of a host, with the host files that it needs: checked by systemd before it takes effect, written atomically, applied by reload or restart, and rolled back automatically when the unit then fails.",
    inputs,
    outputs,
    derived: {
        dropInText: {
            description: "The drop-in as it will be written.",
            from: ["sections", "text"],
            impliedBy: ["sections", "text"],
            decides: ["sections", "text"],
        },
        hostFiles: derivedHostFiles,
        hostFileTexts: derivedHostFileTexts,
    },

    async check(context, { inputs: declared, isSecret }) {
        warnOfSecrets(context, declared, isSecret, []);
        const content = dropInText(declared, []);
        const path = previewPath(declared);
        const dropInPaths = typeof path === "string" ? [path] : [];
        const files = await checkHostFiles(context, declared.files, ["files"], isSecret, dropInPaths);
        return {
            derived: {
                dropInText: secretIf(isSecret(["sections"]) || isSecret(["text"]), content.text),
                hostFiles: secretIf(isSecret(["files"]), files.states),
                ...(files.texts === undefined ? {} : { hostFileTexts: files.texts }),
            },
            failures: [...content.failures, ...files.failures],
        };
    },

    canonical(_urn, { onChange, connection, ...others }) {
        const { unit } = others;
        const isKnown = typeof unit === "string" && !(onChange instanceof Unknown);
        // Whether a mount is remounted or restarted depends on its drop-in's text, unless onChange is declared.
        const dependsOnText = isKnown && onChange === undefined && kindOf(unit) === "mount";
        return {
            ...others,
            onChange: isKnown && !dependsOnText ? effectFor(unit, onChange) : onChange,
            connection: canonicalConnection(connection),
        };
    },

    diff({ oldInputs, inputs: declared }) {
        const isMoved = oldInputs.unit !== declared.unit || oldInputs.name !== declared.name;
        // A file has one owner, so the old drop-in must remove its files before the new one writes them.
        return { deleteBeforeReplace: isMoved && sharesFiles(oldInputs.files, declared.files) };
    },

    async preview(context, { inputs: declared, derived, olds }) {
        if (olds !== undefined)
            showFinalNewlines(
                context,
                fileTexts(olds.inputs.files, olds.outputs.hostFileTexts),
                fileTexts(declared.files, derived.hostFileTexts),
            );
        return {
            path: previewPath(declared),
            dropInText: derived.dropInText,
            hostFiles: derived.hostFiles,
            hostFileTexts: derived.hostFileTexts,
            machineId: olds?.outputs.machineId ?? UNKNOWN,
            record: olds?.outputs.record ?? UNKNOWN,
        };
    },

    async create(context, { inputs: declared, derived }) {
        const host = await context.connect(declared.connection);
        return write(context, host, declared, derived, { owner: newOwner(context, pathOf(declared)), adopted: [] });
    },

    async update(context, { inputs: declared, derived, olds }) {
        const host = await context.connect(declared.connection);
        const owner = ownerOf(context, olds.outputs.record, pathOf(declared));
        return write(context, host, declared, derived, { owner, adopted: adoptedPaths(olds.outputs) });
    },

    async read(context, { id, inputs: old, outputs: oldOutputs }) {
        const isImport = Object.keys(oldOutputs).length === 0;
        const { unit, name } = isImport ? idParts(id) : old;
        const path = pathOf({ unit, name });
        const { host, isAnotherMachine } = await hostOf(
            context,
            { inputs: old, outputs: oldOutputs },
            `the drop-in ${path}`,
        );
        const owner = ownerOf(context, oldOutputs.record, path);
        const filePaths = Object.keys(old.files ?? {});
        const found = await perform(context, host, () => readDropIn(owner, [path, ...filePaths], [path]));
        const { machineId } = hostFacts(found);
        if (isAnotherMachine(machineId)) return undefined;
        const isOurs = found.all("nonce").includes(owner.nonce);
        // While the record has this resource's nonce, a drop-in that was removed by hand is drift, which `up` repairs.
        const files = foundFiles(found.all("file"));
        const text = foundDropIns(found.blocksOf("content"), files)[path] ?? (isOurs ? "" : undefined);
        if (text === undefined) return undefined;
        const states = foundHostFiles(files, filePaths, old.files);
        return {
            id: objectId(path, machineId),
            inputs: { ...old, unit, name, ...(isImport ? { text } : {}), dropInText: text, hostFiles: states },
            outputs: {
                ...oldOutputs,
                path,
                dropInText: text,
                hostFiles: states,
                hostFileTexts: textsAsFound(oldOutputs.hostFileTexts, oldOutputs.hostFiles, states),
                machineId,
                record: recordText(owner),
                connection: host.connection,
            },
        };
    },

    async delete(context, { inputs: old, outputs: oldOutputs }) {
        const path = oldOutputs.path ?? pathOf(old);
        await removeFromHost(
            context,
            { inputs: old, outputs: oldOutputs },
            `the drop-in ${path}`,
            async ({ host, warnOfAnotherMachine }) => {
                const owner = ownerOf(context, oldOutputs.record, pathOf(old));
                const { unit = "", onChange } = old;
                const report = await perform(context, host, () =>
                    removeDropIn(owner, { unit, onChange, path }, adoptedPaths(oldOutputs), oldOutputs.machineId ?? ""),
                );
                warnOfNoEffect(context, report, host.name, path);
                if (report.has("other-machine")) warnOfAnotherMachine();
                else if (report.has("failed"))
                    context.warn(
                        `${path} is removed on ${host.name}, but ${report.one("failed")} failed after it: ${report.block("output")?.trim()}`,
                    );
                else if (!report.has("done") && !report.has("superseded"))
                    throw new UserError({
                        host: host.name,
                        what: `${path} couldn't be removed`,
                        reported: report.stderr,
                    });
            },
        );
    },
};

/** Parses an id: `hello.service/override.conf` of an import, a path, or the provider's own `...@<machine id>`. */
function idParts(id: string): { unit: string; name: string } {
    const [, unit, name] =
        /^(?:\/etc\/systemd\/system\/)?([^/]+?)(?:\.d)?\/([^/]+\.conf)(?:@[0-9a-f]{32})?$/.exec(id) ?? [];
    if (unit !== undefined && name !== undefined) return { unit, name };
    throw new UserError({
        what: `${id} isn't the id of a drop-in`,
        todo: "Give unit and file name: hello.service/override.conf",
    });
}

/** Paths of files in the state. Those of an import aren't in a record yet. */
function adoptedPaths(oldOutputs: Partial<Outputs>): string[] {
    return [oldOutputs.path ?? "", ...Object.keys(oldOutputs.hostFiles ?? {})];
}

function pathOf({ unit = "", name = "" }: { unit?: string; name?: string }): string {
    return dropInPath(unit, name);
}

function previewPath({ unit, name }: PreviewedObject<Inputs>): unknown {
    return typeof unit === "string" && typeof name === "string" ? dropInPath(unit, name) : UNKNOWN;
}

async function write(
    context: HostContext,
    host: Host,
    declared: Inputs,
    derived: DerivedValues<typeof outputs>,
    { owner, adopted }: { owner: Owner; adopted: string[] },
): Promise<{ id: string; outputs: Outputs }> {
    const path = pathOf(declared);
    const fileOfDropIn = dropInFile(path, present(derived.dropInText, "dropInText"));
    const files = await announcedHostFiles(context, declared.files, present(derived.hostFiles, "hostFiles"));
    return located({ host: host.name }, async () => {
        const { unit, name, onChange } = declared;
        const kept = files.filter(({ isKept }) => isKept).map((file) => file.path);
        if (kept.length > 0) {
            const report = await perform(context, host, () => readDropIn(owner, kept, []));
            refuseOtherKept(files, derived.hostFiles ?? {}, foundFiles(report.all("file")));
        }
        const report = await perform(context, host, () =>
            writeDropIn(owner, { unit, name, dropIn: fileOfDropIn, files, onChange }, adopted, budgetSeconds(context)),
        );
        refuseUntouched(report, declared);
        const { machineId } = hostFacts(report);
        const found = foundFiles(report.all("file"));
        found.delete(path);
        const states = foundHostFiles(found, [...found.keys()], declared.files);
        const result = {
            id: objectId(path, machineId),
            outputs: {
                path,
                dropInText: report.blocksOf("content").get(path) ?? "",
                hostFiles: states,
                hostFileTexts: textsAsFound(derived.hostFileTexts, derived.hostFiles, states),
                machineId,
                record: recordText(owner),
                connection: host.connection,
            },
        };
        if (report.has("done")) {
            context.status(`${path} is in effect`);
            warnOfNoEffect(context, report, host.name, path);
            warnOfInstallSection(context, unit, result.outputs.dropInText);
            await warnOfOverriddenSettings(context, host, owner, laterDropIns(report, path, result.outputs.dropInText));
            return result;
        }
        throw new PartialFailure(result.id, result.outputs, [failureReason(report, declared, host.name)]);
    });
}

function sharesFiles(before: Inputs["files"], now: PreviewedObject<Inputs>["files"]): boolean {
    if (now instanceof Unknown) return true;
    return Object.keys(now ?? {}).some((path) => Object.hasOwn(before ?? {}, path));
}
