import * as z from "zod";
import type { ProviderFunction } from "../contract";
import { problemText } from "../errors";
import { connection } from "../host/connection";
import { hostFacts, missingForPortable } from "../host/facts";
import { perform } from "../host/perform";
import { inspectWholeHost } from "../host/program";

const inputs = z.strictObject({ connection: connection.optional() });

const outputs = z.strictObject({
    machineId: z.string().describe("machine-id(5) of the host."),
    systemdVersion: z.number().int().describe("Version of systemd."),
    os: z.array(z.string()).describe("ID and ID_LIKE of os-release(5)."),
    profiles: z.array(z.string()).describe("Profiles that services can be attached with."),
    missing: z
        .array(z.string())
        .describe("What is missing on the host to run portable services and how to fix it, one sentence or two each."),
});

export const getHost: ProviderFunction<typeof inputs, typeof outputs> = {
    name: "getHost",
    description:
        "Inspects a host: its systemd, its profiles, and whether portable services can run there. It connects in previews, too.",
    inputs,
    outputs,
    async invoke(context, inputs) {
        const host = await context.connect(inputs.connection);
        const report = await perform(context, host, () => inspectWholeHost);
        const facts = hostFacts(report);
        return {
            machineId: facts.machineId,
            systemdVersion: facts.systemdVersion,
            os: facts.os,
            profiles: [...new Set(report.all("profile"))].sort(),
            missing: missingForPortable(facts).map((problem) => problemText(problem)),
        };
    },
};
