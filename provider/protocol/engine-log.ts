import { type Client, credentials } from "@grpc/grpc-js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";

export type Severity = "debug" | "info" | "warning" | "error";

/** Sends log messages to the engine. A message that can't be sent is dropped. */
export class EngineLog {
    private client: (Client & { log(request: LogRequest, answer: () => void): void }) | undefined;

    constructor(private readonly address: string) {}

    /** Sends a message; an ephemeral one is the status of its resource. Resolves when it has arrived or failed. */
    async send(
        message: string,
        { urn, severity, ephemeral }: { urn: string; severity: Severity; ephemeral: boolean },
    ): Promise<void> {
        // Loaded with the first message, since it would slow down every start.
        const { LogRequest, LogSeverity } = await import("@pulumi/pulumi/proto/engine_pb");
        const { EngineClient } = await import("@pulumi/pulumi/proto/engine_grpc_pb");
        this.client ??= new EngineClient(this.address, credentials.createInsecure()) as NonNullable<typeof this.client>;
        const request = new LogRequest();
        request.setMessage(message);
        request.setUrn(urn);
        request.setEphemeral(ephemeral);
        request.setSeverity(LogSeverity[severity.toUpperCase() as Uppercase<Severity>]);
        await new Promise<void>((resolve) => this.client?.log(request, () => resolve()));
    }

    close(): void {
        this.client?.close();
        this.client = undefined;
    }
}
