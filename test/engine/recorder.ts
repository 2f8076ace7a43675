import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { type ClientUnaryCall, credentials, type Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { plainMessage } from "./plain-message";

/**
 * A proxy between engine and provider that records each call as a line of JSON: `{method, request}`. The engine starts it in
 * place of the provider: `recorder PLUGIN RECORD_FILE [ARGUMENTS OF THE ENGINE]`.
 */
async function record(plugin: string, recordFile: string, args: string[]) {
    const child = spawn(plugin, args, { stdio: ["pipe", "pipe", "inherit"] });
    const note = (line: object) => appendFileSync(recordFile, `${JSON.stringify(line)}\n`);
    note({ started: { recorder: process.pid, provider: child.pid } });
    child.once("exit", (code) => process.exit(code ?? 1));
    process.on("SIGINT", () => child.kill("SIGINT"));
    process.stdin.pipe(child.stdin);

    const port = await new Promise<string>((resolve) =>
        child.stdout.once("data", (data) => resolve(String(data).trim())),
    );
    const limits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), limits);
    const server = new Server(limits);
    for (const [name, method] of Object.entries(ResourceProviderService)) {
        if (method.requestStream || method.responseStream) continue;
        const forward = (
            call: { request: unknown; metadata: Metadata; on: (e: "cancelled", f: () => void) => void },
            callback: never,
        ) => {
            note({ method: name, request: plainMessage(call.request) });
            const out: ClientUnaryCall = client.makeUnaryRequest(
                method.path,
                method.requestSerialize as never,
                method.responseDeserialize as never,
                call.request as never,
                call.metadata,
                callback,
            );
            call.on("cancelled", () => out.cancel());
        };
        server.addService({ [name]: method } as never, { [name]: forward } as never);
    }
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, own) => {
        if (error) throw error;
        process.stdout.write(`${own}\n`);
    });
}

const [plugin, recordFile, ...args] = process.argv.slice(2);
void record(plugin as string, recordFile as string, args);
