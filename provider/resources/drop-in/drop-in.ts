import * as z from "zod";
import type { HostContext, Resource } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import { connection } from "../../host/connection";
import { type OnChange, readDropIn, removeDropIn, writeDropIn } from "../../host/drop-in";
import { hostFacts } from "../../host/facts";
import { foundFiles } from "../../host/files";
import type { Host } from "../../host/host";
import type { Owner } from "../../host/owner";
import { budgetSeconds, type Performed, perform } from "../../host/perform";
import { asText, type PreviewedObject, UNKNOWN } from "../../schema/values";
import { dropInPath } from "../../systemd/paths";
import { newOwner, objectId, ownerOf, recordText } from "../owner";
import { refuseFindings, takenFiles } from "../refusals";
import {
    checkHostFiles,
    dropInFile,
    dropInText,
    foundStates,
    hostFiles,
    oneContent,
    resolveHostFiles,
    secretIf,
    sections,
    unitName,
    warnOfSecretEnvironment,
} from "./content";

const inputs = z.strictObject({
    unit: unitName.meta({
        description: "Unit of the host that the drop-in is for: portable or not, a template (`cowsay@.service`) too.",
        replaces: true,
    }),
    name: z
        .string()
        .regex(
            /^[A-Za-z0-9:_.@-]+\.conf$/,
            "isn't the file name of a drop-in: it must end in .conf, without a directory",
        )
        .default("override.conf")
        .meta({
            description:
                "File name of the drop-in in /etc/systemd/system/<unit>.d. Drop-ins are read in the order of their names.",
            replaces: true,
        }),
    sections: sections.optional(),
    text: z.string().optional().describe("The drop-in as text, in place of `sections`."),
    files: hostFiles.optional(),
    onChange: z
        .enum(["reload", "restart", "none"])
        .default("restart")
        .describe(
            "How the unit learns of a change when it is running: `reload` (ExecReload=), `restart`, or `none`, which only reloads the manager.",
        ),
    connection: connection.optional(),
});
type Inputs = z.output<typeof inputs>;

const outputs = z.strictObject({
    path: z.string().describe("The drop-in's file on the host."),
    dropInText: z.string().describe("The drop-in as written."),
    hostFiles: z.record(z.string(), z.string()).describe("Mode, owner, group and SHA-256 of each host file."),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("The resource's record on the host: whose the files are."),
    connection: connection.describe("The login that worked last."),
});
type Outputs = z.output<typeof outputs>;

export const dropIn: Resource<typeof inputs, typeof outputs> = {
    name: "DropIn",
    description:
        "A drop-in of any unit of a host, with the host files it needs: checked by systemd before it takes effect, written atomically, applied by reload or restart, and taken back by itself when the unit then fails.",
    inputs,
    outputs,
    derived: {
        dropInText: {
            description: "The drop-in as it will be written.",
            from: ["sections", "text"],
            impliedBy: ["sections", "text"],
            decides: true,
        },
        hostFiles: {
            description: "Mode, owner, group and SHA-256 of each host file.",
            from: ["files"],
            impliedBy: ["files"],
        },
    },

    async check(context, { inputs: given, isSecret }) {
        warnOfSecretEnvironment(context, given.unit, given.sections, isSecret, ["sections"]);
        const content = dropInText({ ...given, name: given.name }, []);
        const files = await checkHostFiles(context, given.files, ["files"]);
        return {
            derived: {
                dropInText: secretIf(isSecret(["sections"]) || isSecret(["text"]), content.text),
                hostFiles: secretIf(isSecret(["files"]), files.states),
            },
            failures: [...oneContent(given), ...content.failures, ...files.failures],
        };
    },

    async preview(_context, { inputs: given, derived, olds }) {
        return {
            path: previewPath(given),
            dropInText: derived.dropInText,
            hostFiles: derived.hostFiles,
            machineId: olds?.outputs.machineId ?? UNKNOWN,
            record: olds?.outputs.record ?? UNKNOWN,
        };
    },

    async create(context, { inputs: given }) {
        const host = await context.connect(given.connection);
        const owner = newOwner(context, key(given));
        return write(context, host, given, owner, []);
    },

    async update(context, { inputs: given, olds }) {
        const host = await context.connect(given.connection);
        const known = adopted(olds.outputs);
        return write(context, host, given, ownerOf(context, olds.outputs.record, key(given)), known);
    },

    async read(context, { id, inputs: old, outputs: known }) {
        const host = await context.connectAny([
            known.connection as Inputs["connection"],
            old.connection as Inputs["connection"],
        ]);
        const isImport = Object.keys(known).length === 0;
        const { unit, name } = isImport ? idParts(id) : { unit: asText(old.unit), name: asText(old.name) };
        const path = dropInPath(unit, name);
        const owner = ownerOf(context, known.record, key({ unit, name }));
        const filePaths = Object.keys((old.files as object | undefined) ?? {});
        const found = await perform(context, host, () => readDropIn(owner, [path, ...filePaths], [path]));
        const facts = hostFacts(found);
        if (known.machineId !== undefined && facts.machineId !== known.machineId) {
            context.warn(`${host.name} is another machine now: the drop-in ${path} was on ${asText(known.machineId)}.`);
            return undefined;
        }
        const isOurs = found.all("nonce").includes(owner.nonce);
        // While the record is ours, a drop-in that was taken away is something to repair.
        const text = found.blocksOf("content").get(path) ?? (isOurs ? "" : undefined);
        if (text === undefined) return undefined;
        const states = foundStates(foundFiles(found.all("file")), filePaths);
        return {
            id: objectId(path, facts.machineId),
            inputs: { ...old, unit, name, ...(isImport ? { text } : {}), dropInText: text, hostFiles: states },
            outputs: {
                ...known,
                path,
                dropInText: text,
                hostFiles: states,
                machineId: facts.machineId,
                record: recordText(owner),
                connection: host.connection,
            },
        };
    },

    async delete(context, { inputs: old, outputs: known }) {
        const host = await context.connectAny([
            known.connection as Inputs["connection"],
            old.connection as Inputs["connection"],
        ]);
        const owner = ownerOf(context, known.record, key(old as Inputs));
        const said = await perform(context, host, () =>
            removeDropIn(
                owner,
                { unit: asText(old.unit), onChange: old.onChange as OnChange },
                adopted(known),
                asText(known.machineId),
            ),
        );
        if (said.has("other-machine"))
            context.warn(`${host.name} is another machine now: nothing of ${asText(known.path)} is there to remove.`);
        else if (said.has("failed"))
            context.warn(
                `${asText(known.path)} is removed on ${host.name}, but ${said.one("failed")} failed after it: ${said.block("said")?.trim()}`,
            );
        else if (!said.has("done") && !said.has("superseded"))
            throw new UserError({
                host: host.name,
                what: `${asText(known.path)} couldn't be removed`,
                said: said.stderr,
            });
    },
};

/** `hello.service/override.conf`, also as a path and with `@<machine id>` as our own ids have it. */
function idParts(id: string): { unit: string; name: string } {
    const [, unit, name] =
        /^(?:\/etc\/systemd\/system\/)?([^/]+?)(?:\.d)?\/([^/]+\.conf)(?:@[0-9a-f]{32})?$/.exec(id) ?? [];
    if (unit !== undefined && name !== undefined) return { unit, name };
    throw new UserError({
        what: `${id} isn't the id of a drop-in`,
        todo: "Give unit and file name: hello.service/override.conf",
    });
}

/** Files that the state has: an import's aren't in a record yet. */
function adopted(known: Record<string, unknown>): string[] {
    return [asText(known.path), ...Object.keys((known.hostFiles as object | undefined) ?? {})];
}

function key({ unit, name }: { unit?: unknown; name?: unknown }): string {
    return dropInPath(asText(unit), asText(name));
}

function previewPath({ unit, name }: PreviewedObject<Inputs>): unknown {
    return typeof unit === "string" && typeof name === "string" ? dropInPath(unit, name) : UNKNOWN;
}

async function write(
    context: HostContext,
    host: Host,
    given: Inputs,
    owner: Owner,
    adopted: string[],
): Promise<{ id: string; outputs: Outputs }> {
    const path = dropInPath(given.unit, given.name);
    const { text } = dropInText(given, []);
    const files = await resolveHostFiles(context, given.files);
    return located({ host: host.name }, async () => {
        const said = await perform(context, host, () =>
            writeDropIn(
                owner,
                {
                    unit: given.unit,
                    name: given.name,
                    dropIn: dropInFile(given.unit, given.name, text as string),
                    files,
                    onChange: given.onChange,
                },
                adopted,
                budgetSeconds(context),
            ),
        );
        refusal(said, given);
        const machineId = hostFacts(said).machineId;
        const found = foundFiles(said.all("file"));
        found.delete(path);
        const states = foundStates(found, [...found.keys()]);
        const result = {
            id: objectId(path, machineId),
            outputs: {
                path,
                dropInText: said.blocksOf("content").get(path) ?? "",
                hostFiles: states,
                machineId,
                record: recordText(owner),
                connection: host.connection,
            },
        };
        if (said.has("done")) {
            context.status(`${path} is in effect`);
            return result;
        }
        throw new PartialFailure(result.id, result.outputs, [failureText(said, given, host.name)]);
    });
}

/** Why the host wouldn't take it, with nothing changed. */
function refusal(said: Performed, given: Inputs): void {
    if (said.has("touched")) return;
    if (said.has("no-unit"))
        throw new UserError({
            property: "unit",
            what: `there is no unit ${given.unit}`,
            todo: "If an AttachedService brings it, name that in dependsOn",
        });
    refuseFindings(said, () => (given.text === undefined ? "sections" : "text"));
    const stiff = said.one("cannot-reload");
    if (stiff !== undefined)
        throw new UserError({
            property: "onChange",
            what: `${stiff} can't be reloaded: it has no ExecReload=`,
            todo: 'Use `onChange: "restart"`, or set ExecReload= in the drop-in; nothing was changed',
        });
    takenFiles(said, () => "name");
    throw new UserError({ what: "the drop-in couldn't be written", said: said.stderr });
}

function failureText(said: Performed, given: Inputs, host: string): string {
    const serving = said.one("serving");
    const journal = said.block("journal")?.trim();
    return [
        `${said.one("failed") ?? "the change"} failed on ${host}: ${said.block("said")?.trim() || said.stderr.trim() || "no reason given"}.`,
        serving === "old"
            ? `The drop-in and files from before are back, and ${given.unit} is as before.`
            : serving === undefined
              ? "What is there now isn't known: `pulumi refresh` looks."
              : `The files from before are back, but the unit doesn't run: ${serving.replace(/^nothing ?/, "")}.`,
        journal ? `Its journal:\n${journal.replace(/^/gm, "    ")}` : "",
    ]
        .filter((part) => part !== "")
        .join(" ");
}
