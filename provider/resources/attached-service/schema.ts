import * as z from "zod";
import { connection } from "../../host/connection";
import { enumType, objectType } from "../../schema/marks";
import { dropInName, hostFiles, sections, unitName } from "../content/schema";
import { health } from "./health";

/** The texts of the presets are in presets.ts. */
const preset = enumType("Preset", "An exception from the profile that a kind of program needs.", {
    jit: "Lets Node.js, Java and .NET make machine code (MemoryDenyWriteExecute=no); the rest of the sandbox stays.",
});

const profiles = {
    id: "Profile",
    description: "The security profiles that come with systemd.",
    values: {
        default: "Confines the service; it has the network.",
        nonetwork: "Like `default`, without the network.",
        strict: "Confines the service most, without the network.",
        trusted: "Doesn't confine the service.",
    },
};

const copyMode = enumType("CopyMode", "How portabled installs the units and the profile of an image.", {
    auto: "As portabled decides.",
    copy: "Copies them.",
    symlink: "Links them to where they are.",
    mixed: "Copies the units and links the profile; needs systemd 256.",
});

const rollback = enumType("Rollback", "What a failed update does.", {
    always: "Rolls back to what was there before.",
    unlessMigrated:
        "Leaves the new image attached once `beforeSwitch` has run, since the old program may not understand the data any more.",
});

const inlineDropIn = objectType(
    "InlineDropIn",
    "A drop-in that belongs to the service: it is changed and rolled back together with the image.",
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
    "What to do with a unit where its [Install] section or the profile doesn't fit.",
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
            .array(preset)
            .optional()
            .describe(
                "Exceptions from the profile that a kind of program needs: `jit` lets Node.js, Java and .NET make machine code (MemoryDenyWriteExecute=no); the rest of the sandbox stays.",
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
        .regex(/^\/[^\p{Cc}]*[^/\p{Cc}]$/u, "isn't the absolute path of an image on the host")
        .describe(
            "Path of the image on the host: the `path` of a PortableImage. Another image of the same name is an update; another name replaces.",
        ),
    profile: z
        .string()
        .regex(
            /^[A-Za-z0-9_.-]+$/,
            "isn't the name of a profile: default, nonetwork, strict, trusted, or one that is on the host",
        )
        .meta({ knownValues: profiles })
        .default("default")
        .describe(
            "Security profile that the units are attached with: default, nonetwork, strict, trusted, or another one that is on the host.",
        ),
    units: z
        .record(unitName, unitOverride)
        .optional()
        .describe(
            "Per-unit overrides of whether a unit is enabled and started (default: as its [Install] section says). An instance of a template (`hello@main.service`) is declared by naming it here; it is stopped and disabled when it is no longer named. Aliases can be used.",
        ),
    dropIns: z
        .array(inlineDropIn)
        .optional()
        .describe(
            "Drop-ins of the image's units. Image, drop-ins and files are updated, restarted and rolled back together.",
        ),
    files: hostFiles.optional(),
    extensions: z
        .array(z.string().regex(/^\/[^\p{Cc}]+$/u, "isn't the absolute path of an image on the host"))
        .default([])
        .describe(
            "Paths of extension images on the host, in order: their units are units of the service, and see the image with them laid over it (`portablectl attach --extension`).",
        ),
    health: health.optional(),
    beforeSwitch: beforeSwitch.optional(),
    rollback: rollback
        .default("always")
        .describe(
            "What a failed update does: `always` rolls back to what was there before; `unlessMigrated` leaves the new image attached once `beforeSwitch` has run, since the old program may not understand the data any more. Data is never rolled back.",
        ),
    untilReboot: z.boolean().default(false).meta({
        description: "Attach until the next boot of the host only (`portablectl attach --runtime`).",
        replaces: true,
    }),
    copy: copyMode
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
    links: z
        .array(z.string())
        .optional()
        .describe("Links that enable it: `multi-user.target.wants/hello.service`, or an alias such as `www.service`."),
});

export const outputs = z.strictObject({
    name: z.string().describe("Name of the portable service: the prefix of its units."),
    serving: z.string().describe("Path of the image that is attached and running; empty if none is."),
    unitStates: z
        .record(z.string(), unitStateType)
        .describe(
            "Every unit of the image, and every instance of its templates that is declared or loaded, with its load, active, sub and enablement state.",
        ),
    dropInTexts: z.record(z.string(), z.string()).describe("Each drop-in as written, by its path on the host."),
    hostFiles: z.record(z.string(), z.string()).describe("Mode, owner, group and SHA-256 of each host file."),
    hostFileTexts: z
        .record(z.string(), z.string())
        .optional()
        .describe(
            "Text of each host file that is given as an asset, so that a preview shows the changed lines: of short texts that every user of the host may read.",
        ),
    gapless: z
        .boolean()
        .optional()
        .describe("Whether the last update refused no connection. Unset before the first one."),
    gaplessReason: z.string().optional().describe("Why the last update refused connections, or why it didn't."),
    machineId: z.string().describe("machine-id(5) of the host."),
    record: z.string().describe("Internal: identifies the resource that the service belongs to."),
    connection: connection.describe("The login that worked last."),
});

export type Outputs = z.output<typeof outputs>;
