import * as z from "zod";
import type { CarriedValue, Child, Component, ComponentContext, Resource } from "../contract";
import { UserError } from "../errors";
import { connection } from "../host/connection";
import { objectType } from "../schema/marks";
import { isRecord, type PreviewedObject, UNKNOWN, Unknown } from "../schema/values";
import { attachedService } from "./attached-service/attached-service";
import { portableImage } from "./portable-image/portable-image";

/** Inputs that the component passes on to the image and the service of each host. */
const imageInputs = portableImage.inputs.omit({ name: true, extends: true, connection: true });
const serviceInputs = attachedService.inputs.omit({ image: true, connection: true });

const waves = objectType(
    "Waves",
    "The order in which hosts are switched. A wave begins when all services of the previous one are as declared; after a wave that failed, the hosts of later waves keep what they run, and earlier ones keep the new image. Hosts are ordered by their names in `connections`, web2 before web10.",
    {
        canary: z
            .number()
            .int()
            .min(0)
            .optional()
            .describe("Number of hosts in the first wave; 0 is no such wave. Default: 1."),
        canaryHosts: z
            .array(z.string())
            .optional()
            .describe("Names in `connections` of the hosts in the first wave, in place of `canary`."),
        batchSize: z
            .number()
            .int()
            .min(1)
            .optional()
            .describe("How many hosts each later wave has. Default: all that are left."),
    },
);

const inputs = z.strictObject({
    name: portableImage.inputs.shape.name.describe(
        "Name of the image, the prefix of every unit in it. Default: the name of the component.",
    ),
    ...imageInputs.shape,
    ...serviceInputs.shape,
    connection: connection
        .optional()
        .describe(
            "How to log in where there is one host, whose resources have the name of the component. Default: the provider's.",
        ),
    connections: z
        .record(
            z
                .string()
                .regex(
                    /^[A-Za-z0-9][A-Za-z0-9._@-]*$/,
                    "isn't a name for a host: letters, digits and . _ @ - make one",
                ),
            connection,
        )
        .optional()
        .describe(
            "How to log in to each host, by a name of your choice, in place of `connection`. Keys are appended to resource names. Removing a key removes the service from that host only. Under another key the service of the same machine is taken over, without a restart.",
        ),
    waves: waves.optional().describe("The order in which hosts are switched. Default: one host, then all others."),
});
type Inputs = z.output<typeof inputs>;

const { serving, unitStates, gapless, gaplessReason, machineId } = attachedService.outputs.shape;
const outputs = z.strictObject({
    hosts: z
        .record(
            z.string(),
            objectType("ServiceHost", "What a host of a PortableService has.", {
                image: portableImage.outputs.shape.path.describe("Path of the image on the host."),
                serving,
                unitStates,
                gapless,
                gaplessReason,
                machineId,
            }),
        )
        .describe(
            "What each host has, by its name in `connections`, or by the name of the component where there is one `connection`.",
        ),
});

interface Host {
    key: string;
    /** Name of the host's resources. */
    name: string;
    connection: CarriedValue;
    /** Inputs of its resources that are members of an input of the component, by their path there. */
    members: Record<string, string[]>;
}

export const portableService: Component<typeof inputs, typeof outputs> = {
    name: "PortableService",
    description:
        "An image and its service on one host or on many, in waves. The image is built once, and is uploaded to every host before the first one is switched: a host that can't be reached or has no room stops the update before anything is switched.",
    inputs,
    outputs,
    ownInputs: { connections: "connections.web1.dialErrorLimit", waves: undefined },

    async construct(context, inputs) {
        const hosts = hostsOf(context, inputs);
        if (hosts === undefined) {
            context.warn(
                "The names in `connections` aren't known in this preview, so it can't show the changes of their hosts; hosts that it shows as deleted may stay.",
            );
            return { hosts: UNKNOWN };
        }
        const batches = wavesOf(hosts, inputs);
        const name = inputs.name === undefined ? context.name : context.input("name");
        const shownWith = (host: Host) => (host === hosts[0] ? undefined : hosts[0]?.name);
        const images = await Promise.all(
            hosts.map((host) =>
                context.register(
                    portableImage as unknown as Resource,
                    host.name,
                    { ...passedOn(context, imageInputs), name, connection: host.connection },
                    { shownWith: shownWith(host), members: host.members },
                ),
            ),
        ).catch((error: unknown) => {
            throw stopped(error, "not every host has got the image, so none was switched");
        });
        const imageOf = new Map(hosts.map((host, index) => [host.key, images[index] as Child]));
        const machineOf = ({ key }: Host) => imageOf.get(key)?.output("machineId").value;
        const onSameMachine = (host: Host) =>
            hosts
                .filter((other) => other !== host && machineOf(other) === machineOf(host))
                .filter((other) => typeof machineOf(other) === "string")
                .map(({ name }) => name);
        const serviceOf = new Map<string, Child>();
        let before: readonly Child[] = images;
        for (const [index, batch] of batches.entries()) {
            const register = (host: Host) =>
                context.register(
                    attachedService as unknown as Resource,
                    host.name,
                    {
                        ...passedOn(context, serviceInputs),
                        image: imageOf.get(host.key)?.output("path"),
                        connection: host.connection,
                    },
                    {
                        dependsOn: before,
                        shownWith: shownWith(host),
                        others: onSameMachine(host),
                        members: host.members,
                    },
                );
            before = await Promise.all(batch.map(register)).catch((error: unknown) => {
                throw stopped(error, reachText(batches, index));
            });
            for (const [index, host] of batch.entries()) serviceOf.set(host.key, before[index] as Child);
        }
        const outputsOf = ({ key }: Host) => {
            const service = serviceOf.get(key) as Child;
            const members = ["serving", "unitStates", "gapless", "gaplessReason", "machineId"].map((member) => [
                member,
                service.output(member),
            ]);
            return { image: imageOf.get(key)?.output("path"), ...Object.fromEntries(members) };
        };
        return { hosts: Object.fromEntries(hosts.map((host) => [host.key, outputsOf(host)])) };
    },
};

function passedOn(context: ComponentContext, schema: z.ZodObject): Record<string, CarriedValue> {
    return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, context.input(name)]));
}

const byName = new Intl.Collator("en", { numeric: true });

/** The hosts in the order of their names; undefined while the names are unknown. */
function hostsOf(context: ComponentContext, inputs: PreviewedObject<Inputs>): Host[] | undefined {
    const { connections } = inputs;
    if (connections === undefined)
        return [{ key: context.name, name: context.name, connection: context.input("connection"), members: {} }];
    if (inputs.connection !== undefined)
        throw new UserError({
            property: "connection",
            what: "`connections` is given, too",
            todo: "Name all hosts in `connections`, and leave `connection` out",
        });
    if (connections instanceof Unknown) return undefined;
    return Object.keys(connections)
        .sort(byName.compare)
        .map((key) => ({
            key,
            name: `${context.name}-${key}`,
            connection: context.input("connections").at(key),
            members: { connection: ["connections", key] },
        }));
}

/** The hosts by wave. No wave is empty, and each host is in exactly one. */
function wavesOf(hosts: readonly Host[], inputs: PreviewedObject<Inputs>): Host[][] {
    const waves = isRecord(inputs.waves) ? inputs.waves : {};
    const { batchSize } = waves;
    const first = firstOf(hosts, waves);
    const rest = hosts.filter((host) => !first.includes(host));
    const size = typeof batchSize === "number" ? batchSize : rest.length;
    const later = rest.flatMap((_, index) => (index % size === 0 ? [rest.slice(index, index + size)] : []));
    return [first, ...later].filter((wave) => wave.length > 0);
}

function firstOf(hosts: readonly Host[], { canary, canaryHosts }: Record<string, unknown>): Host[] {
    if (!Array.isArray(canaryHosts)) return hosts.slice(0, typeof canary === "number" ? canary : 1);
    if (canary !== undefined)
        throw new UserError({
            property: "waves.canary",
            what: "`canaryHosts` is given, too",
            todo: "Give the number of hosts, or their names",
        });
    for (const [index, name] of canaryHosts.entries()) {
        if (typeof name !== "string" || hosts.some(({ key }) => key === name)) continue;
        throw new UserError({
            property: `waves.canaryHosts[${index}]`,
            what: `there is no ${name} in \`connections\``,
            todo: `It has ${hosts.map(({ key }) => key).join(", ")}`,
        });
    }
    return hosts.filter(({ key }) => canaryHosts.includes(key));
}

/** Adds to an error which hosts aren't updated because of it. The failed resource itself reports the failure. */
function stopped(error: unknown, what: string): unknown {
    return error instanceof UserError ? new UserError({ what, reported: error.problem.reported }) : error;
}

function reachText(batches: readonly Host[][], index: number): string {
    const names = (hosts: readonly Host[]) => hosts.map(({ key }) => key).join(", ");
    const failed = `wave ${index + 1} of ${batches.length} (${names(batches[index] as Host[])}) didn't get through`;
    const later = batches.slice(index + 1).flat();
    return later.length === 0 ? failed : `${failed}, so the hosts after it keep what they run: ${names(later)}`;
}
