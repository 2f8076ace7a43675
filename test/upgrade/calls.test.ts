import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Provider } from "../lifecycle/provider";
import { struct } from "../protocol/client";
import { PAUSE } from "./pause";

/*
 * Calls of Check and Diff that the Pulumi CLI made to version 0.1.0 of the provider: in an update, in one with a changed
 * drop-in, and after a refresh. Each is made again and must get the same response.
 */
type Values = Record<string, unknown>;
interface Recorded {
    method: "Check" | "Diff";
    request: { urn: string; olds?: Values; oldInputs?: Values; news: Values; ignoreChanges?: string[] };
    response: Values;
}
const calls: Recorded[] = JSON.parse(readFileSync(join(__dirname, "0.1.0/calls.json"), "utf8"));

const directory = mkdtempSync(join(tmpdir(), "portable-upgrade-"));
let provider: Provider;
beforeAll(async () => {
    cpSync(join(__dirname, "program"), directory, { recursive: true });
    mkdirSync(join(directory, "bin"));
    writeFileSync(join(directory, "bin/pause"), PAUSE);
    provider = await Provider.start({ directory });
});
afterAll(async () => {
    await provider.stop();
    rmSync(directory, { recursive: true });
});

/** Inputs of a program for 0.1.0, with the property names of this version. */
function renamed({ runtime, ...news }: Values): Values {
    return runtime === undefined || runtime === false ? news : { ...news, untilReboot: runtime };
}

const rows = calls.map(
    (call, index) => [`${index} ${call.method} ${call.request.urn.split("::").at(-1)}`, call] as const,
);

test.each(rows.filter(([, { method }]) => method === "Check"))("%s", async (_, { request, response }) => {
    const message = new pb.CheckRequest();
    message.setUrn(request.urn);
    message.setNews(struct(renamed(request.news)));
    const check = promisify<pb.CheckRequest, pb.CheckResponse>(provider.grpc.check.bind(provider.grpc));
    const answer = (await check(message)).toObject();
    expect(answer.failuresList).toEqual([]);
    const inputs = (await check(message)).getInputs()?.toJavaScript();
    expect(inputs).toEqual(renamed(response.inputs as Values));
});

test.each(rows.filter(([, { method }]) => method === "Diff"))("%s", async (_, { request, response }) => {
    const message = new pb.DiffRequest();
    message.setUrn(request.urn);
    message.setOlds(struct(request.olds ?? {}));
    if (request.oldInputs !== undefined) message.setOldInputs(struct(request.oldInputs));
    message.setNews(struct(renamed(request.news)));
    const diff = promisify<pb.DiffRequest, pb.DiffResponse>(provider.grpc.diff.bind(provider.grpc));
    const answer = await diff(message);
    const { DIFF_SOME } = pb.DiffResponse.DiffChanges;
    expect({
        some: answer.getChanges() === DIFF_SOME,
        paths: answer
            .getDetaileddiffMap()
            .getEntryList()
            .map(([path]: [string, unknown]) => path),
    }).toEqual({
        some: response.changes === "DIFF_SOME",
        paths: Object.keys((response.detailedDiff as Values | undefined) ?? {}),
    });
});
