import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ErrorResourceInitFailed, ProviderHandshakeRequest } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { fromStruct, type Properties } from "./values";

const START_SECONDS = 60;
const STOP_SECONDS = 5;

/** A failed call. `partial` is set if the provider reported that the object exists nevertheless. */
export class CallError extends Error {
    constructor(
        message: string,
        readonly partial?: { id: string; properties: Properties; inputs?: Properties; reasons: string[] },
    ) {
        super(message);
    }
}

/** A running provider process, found and started as Pulumi does it. */
export class Plugin {
    private constructor(
        private readonly child: ChildProcess,
        private readonly client: ResourceProviderClient,
    ) {}

    /**
     * Starts `pulumi-resource-<name>` in the program's directory with the engine's address as its argument; it prints its
     * port on the first line.
     */
    static async start(executable: string, engineAddress: string, programDirectory: string): Promise<Plugin> {
        try {
            accessSync(executable, constants.X_OK);
        } catch {
            throw new Error(
                `there is no executable ${executable}; plugins.providers in Pulumi.yaml says it should be there`,
            );
        }
        const child = spawn(executable, [engineAddress], {
            cwd: programDirectory,
            stdio: ["pipe", "pipe", "pipe"],
            detached: true,
        });
        let stderr = "";
        child.stderr.on("data", (text) => {
            stderr = (stderr + text).slice(-4000);
        });
        const port = await new Promise<string>((resolve, reject) => {
            const timer = setTimeout(() => {
                killGroup(child, "SIGKILL");
                reject(new Error(`${executable} printed no port within ${START_SECONDS} seconds`));
            }, START_SECONDS * 1000);
            createInterface(child.stdout).once("line", (line) => {
                clearTimeout(timer);
                resolve(line.trim());
            });
            child.once("error", reject);
            child.once("exit", (code, signal) => {
                clearTimeout(timer);
                reject(
                    new Error(
                        `${executable} ended before it served (${signal ?? `exit code ${code}`}): ${stderr.trim()}`,
                    ),
                );
            });
        });
        const limits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
        const plugin = new Plugin(
            child,
            new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), limits),
        );
        const handshake = new ProviderHandshakeRequest();
        handshake.setEngineAddress(engineAddress);
        handshake.setRootDirectory(dirname(executable));
        handshake.setProgramDirectory(dirname(executable));
        handshake.setConfigureWithUrn(true);
        handshake.setInvokeWithPreview(true);
        await plugin.call("handshake", handshake);
        await plugin.call("getPluginInfo", new Empty());
        return plugin;
    }

    /** Throws {@link CallError}. */
    call<Answer>(method: string, request: unknown): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const answered = (error: ServiceError | null, answer: Answer) =>
                error === null ? resolve(answer) : reject(callError(error));
            const client = this.client as unknown as Record<string, (request: unknown, answered: unknown) => void>;
            client[method]?.(request, answered);
        });
    }

    /** Cancels running operations. */
    async cancel() {
        await this.call("cancel", new Empty()).catch(() => {});
    }

    async close() {
        await this.cancel();
        this.client.close();
        if (this.child.exitCode !== null || this.child.signalCode !== null) return;
        const exited = new Promise((resolve) => this.child.once("exit", resolve));
        killGroup(this.child, "SIGINT");
        const timer = setTimeout(() => killGroup(this.child, "SIGKILL"), STOP_SECONDS * 1000);
        await exited;
        clearTimeout(timer);
    }
}

/** Sends a signal to the process group of a plugin. As with Pulumi, each plugin has its own group. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    process.kill(-(child.pid as number), signal);
}

function callError(error: ServiceError): CallError {
    const [packed] = error.metadata?.get("grpc-status-details-bin") ?? [];
    const details = packed instanceof Buffer ? Status.deserializeBinary(packed).getDetailsList() : [];
    for (const any of details) {
        if (any.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
        const failed = ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
        return new CallError(error.details, {
            id: failed.getId(),
            properties: fromStruct(failed.getProperties()),
            inputs: failed.hasInputs() ? fromStruct(failed.getInputs()) : undefined,
            reasons: failed.getReasonsList(),
        });
    }
    return new CallError(error.details || error.message);
}

/** Path of `pulumi-resource-<name>` in the directory that Pulumi.yaml names. */
export const pluginExecutable = (directory: string, name: string) => join(directory, `pulumi-resource-${name}`);
