import { type Metadata as GrpcMetadata, Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UserError } from "../errors";

/** The gRPC error of a failed call. */
export class CallFailure extends Error implements Pick<StatusObject, "code" | "details"> {
    override readonly name = "CallFailure";
    constructor(
        readonly details: string,
        readonly code: status = status.UNKNOWN,
        readonly metadata: GrpcMetadata = new Metadata(),
    ) {
        super(details);
    }
}

/**
 * The text of an exception: the message of a UserError; for anything else, which is a defect of the provider, the stack and
 * where to report it.
 */
export function failureMessage(thrown: unknown, label: string, repository: string): string {
    if (thrown instanceof UserError) return thrown.at({ resource: label }).message;
    const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return [
        `${label}: this is a defect of the provider, not of your program.`,
        `Please report it at ${repository}/issues with the following lines:`,
        detail,
    ].join("\n");
}

/** The gRPC error of an operation that failed after a change: the engine stores the state in it, with the reasons. */
export function initFailure(args: {
    id: string;
    properties: Struct;
    /** Set by Read only. */
    inputs?: Struct;
    reasons: string[];
}): CallFailure {
    const detail = new ErrorResourceInitFailed();
    detail.setId(args.id);
    detail.setProperties(args.properties);
    detail.setReasonsList(args.reasons);
    if (args.inputs !== undefined) detail.setInputs(args.inputs);
    const message = args.reasons.join("\n");

    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const rich = new Status();
    rich.setCode(status.UNKNOWN);
    rich.setMessage(message);
    rich.addDetails(packed);
    const metadata = new Metadata();
    metadata.add("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
    return new CallFailure(message, status.UNKNOWN, metadata);
}
