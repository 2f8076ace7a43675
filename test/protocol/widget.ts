import { z } from "zod";
import type { Package, ProviderFunction, Resource } from "../../provider/contract";
import { PartialFailure, UserError } from "../../provider/errors";
import { type Connection, connection } from "../../provider/host/connection";
import type { Host, HostPool } from "../../provider/host/host";
import { asset, objectType } from "../../provider/schema/marks";
import { Secret, UNKNOWN } from "../../provider/schema/values";

const inputs = z.strictObject({
    name: z.string().min(1).describe("Name of the widget."),
    size: z.number().int().max(10).default(3).describe("How big it is."),
    place: z.string().optional().meta({ description: "Where it stands.", replaces: true }),
    token: z.string().optional().meta({ description: "Lets it in.", secret: true }),
    tags: z.array(z.string()).optional().describe("Words about it."),
    files: z
        .record(
            z.string(),
            objectType("WidgetFile", "A file of a widget.", { content: asset().describe("What is in it.") }),
        )
        .optional()
        .describe("Its files, by path."),
    connection: connection.optional().describe("How to reach its host."),
});
const outputs = z.strictObject({
    serial: z.string().describe("Number on its back."),
    size: z.number().describe("How big it became."),
    badge: z.string().optional().describe("Made of the token."),
});

/** A resource for tests: records the arguments of its operations, and fails in different ways for special names. */
export class Workshop {
    readonly calls: { operation: string; args: unknown }[] = [];
    readonly connected: Connection[] = [];
    closed = 0;

    readonly pool: HostPool = {
        connect: async (to, { signal }) => {
            signal.throwIfAborted();
            this.connected.push(to);
            if (to.host === "down") throw new UserError({ host: "down", what: "it doesn't answer" });
            return { name: to.host, connection: to } as Host;
        },
        close: () => {
            this.closed++;
        },
    };

    readonly widget: Resource<typeof inputs, typeof outputs> = {
        name: "Widget",
        description: "A thing for tests.",
        inputs,
        outputs,
        derived: {
            digest: { description: "Of the files.", from: ["files"] },
            plate: { description: "", from: ["token"] },
        },
        check: async (context, args) => {
            this.note("check", args);
            const { name, token } = args.inputs as { name: string; token?: string };
            if (name === "refused") return { failures: [{ path: ["tags", 0], what: "it is rude; say it kindly" }] };
            if (name === "missing file")
                throw new UserError({ property: "files", what: "no such file", todo: "Make it" });
            if (name === "noisy") context.warn(`checked with ${token}`);
            return {
                derived: {
                    digest: args.isSecret(["connection", "password"]) ? "with password" : "plain",
                    ...(token === undefined ? {} : { plate: new Secret(`plate ${String(token)}`) }),
                },
            };
        },
        diff: ({ oldInputs, oldOutputs, inputs: now }) => ({
            ...(oldInputs.name !== now.name && now.name === "another"
                ? { replaces: [["name"]], deleteBeforeReplace: true }
                : {}),
            ...(oldOutputs.serial === "scratched" ? { drift: [["serial"]] } : {}),
        }),
        preview: async (_, args) => {
            this.note("preview", args);
            return { size: args.inputs.size, badge: undefined };
        },
        create: async (context, { inputs: made, derived }) => {
            this.note("create", { inputs: made, derived });
            switch (made.name) {
                case "half":
                    throw new PartialFailure("w-half", { serial: "s", size: 1 }, [`it stopped at ${made.token}`]);
                case "wrong":
                    throw new UserError({ what: `the token ${made.token} is wrong`, todo: "Give another" });
                case "colourful":
                    throw new UserError({
                        what: "it failed",
                        reported: "\x1b]0;title\x07\x1b[2J\x9b31mred\x1b[0m\n\tnext",
                    });
                case "defect":
                    throw new TypeError(`can't read ${made.token}`);
                case "slow":
                    await aborted(context.signal);
                    break;
                case "brief":
                    context.status("waiting to upload");
                    context.status("uploaded");
                    break;
                case "chatty":
                    for (let step = 0; step < 50; step++) context.status(`step ${step} of ${made.token}`);
                    context.warn("loud");
            }
            const host = made.connection && (await context.connect(made.connection));
            return {
                id: `w-${made.name}`,
                outputs: {
                    serial: host?.name ?? "1",
                    size: made.size,
                    ...(made.token && { badge: new Secret(`badge ${made.token}`) as unknown as string }),
                },
            };
        },
        update: async (_, args) => {
            this.note("update", args);
            if (args.inputs.name === "half")
                throw new PartialFailure(args.id, { serial: "old", size: 9 }, ["old serves"]);
            return { outputs: { serial: "2", size: args.inputs.size } };
        },
        read: async (context, args) => {
            this.note("read", args);
            if (args.id === "gone") return undefined;
            if (args.id === "ill")
                throw new PartialFailure("ill", { serial: "i", size: 1 }, ["unit failed"], { name: "n" });
            if (args.id === "moved") {
                const host = await context.connectAny([{ host: "down" }, { host: "up" }]);
                return { id: "moved", inputs: args.inputs, outputs: { serial: host.name, size: 1 } };
            }
            return {
                id: args.id,
                inputs: { ...args.inputs, name: "read", digest: "found" },
                outputs: { serial: "3", size: 4 },
            };
        },
        delete: async (_, args) => {
            this.note("delete", args);
            if (args.id === "stuck") throw new UserError({ what: "it is in use" });
        },
    };

    readonly getWidget: ProviderFunction = {
        name: "getWidget",
        description: "Looks at a widget.",
        inputs: z.strictObject({ name: z.string().describe("Its name.") }),
        outputs: z.strictObject({
            key: z.string().meta({ description: "Opens it.", secret: true }),
            host: z.string().describe("Where."),
        }),
        invoke: async (context, { name }) => ({ key: `key of ${name}`, host: (await context.connect(undefined)).name }),
    };

    get package(): Package {
        return {
            name: "test",
            version: "1.2.3",
            displayName: "Test",
            description: "For tests.",
            publisher: "tests",
            license: "Apache-2.0",
            repository: "https://example.com/repository",
            homepage: "https://example.com",
            examples: async () => ({}),
            logoUrl: "https://example.com/logo.png",
            pluginDownloadUrl: "https://example.com/plugins",
            keywords: [],
            configuration: z.strictObject({
                connection: connection.optional().describe("The default."),
                loud: z
                    .boolean()
                    .optional()
                    .meta({ description: "Whether.", environment: ["TEST_LOUD"] }),
            }),
            resources: { Widget: async () => this.widget as unknown as Resource },
            components: {},
            functions: { getWidget: async () => this.getWidget },
        };
    }

    private note(operation: string, args: unknown): void {
        this.calls.push({ operation, args });
    }
}

export const unknown = UNKNOWN;

export function aborted(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason));
    });
}
