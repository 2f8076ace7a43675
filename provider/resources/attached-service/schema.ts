import * as z from "zod";
import { connection } from "../../host/connection";
import { objectType } from "../../schema/marks";
import { dropInName, hostFiles, sections, unitName } from "../content/schema";
import { health } from "./health";
import { PRESET_NAMES } from "./presets";

const inlineDropIn = objectType(
    "InlineDropIn",
    "A drop-in that belongs to the service: it changes and goes back together with the image.",
    {
        unit: unitName.describe("Unit of the image that the drop-in is for."),
        name: dropInName
            .default("50-portable.conf")
            .describe("File name in /etc/systemd/system/<unit>.d. Drop-ins are read in the order of their names."),
        sections: sections.optional(),
        text: z.string().optional().describe("The drop-in as text, in place of `sections`."),
    },
);

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
            .array(z.enum(PRESET_NAMES))
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

export const inputs = z.strictObject({
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

export type Inputs = z.output<typeof inputs>;

const unitStateType = objectType("UnitState", "A unit as systemd shows it.", {
    load: z.string().describe("LoadState: loaded, not-found, masked, ..."),
    active: z.string().describe("ActiveState: active, inactive, failed, activating, ...; `template` for a template."),
    sub: z.string().describe("SubState: running, listening, exited, dead, ..."),
    enablement: z.string().describe("UnitFileState: enabled, disabled, static, ..."),
});

export const outputs = z.strictObject({
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

export type Outputs = z.output<typeof outputs>;
