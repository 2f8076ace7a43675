import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { EngineSession } from "./session";

// Modules that need the resources are loaded by the first call that uses them, after the port was printed.
const resourceCalls = () => import("./resource-calls");
const configurationCalls = () => import("./configuration-calls");

/** Loads these modules before the first calls. */
export const loadCalls = () => Promise.all([resourceCalls(), configurationCalls()]);

/** The methods of pulumirpc.ResourceProvider. gRPC answers UNIMPLEMENTED for methods that aren't here. */
export function methodsOf(session: EngineSession): UntypedServiceImplementation {
    return unary(session, {
        async handshake(request: pb.ProviderHandshakeRequest) {
            session.attach(request.getEngineAddress());
            const response = new pb.ProviderHandshakeResponse();
            response.setAcceptSecrets(true);
            response.setAcceptResources(true);
            response.setAcceptOutputs(true);
            return response;
        },
        async attach(request: { getAddress(): string }) {
            session.attach(request.getAddress());
            return new Empty();
        },
        async getPluginInfo() {
            const info = new PluginInfo();
            info.setVersion((await session.served()).package.version);
            return info;
        },
        async getSchema() {
            const { packageSchema } = await import("./package-schema");
            const response = new pb.GetSchemaResponse();
            response.setSchema(JSON.stringify(await packageSchema((await session.served()).package)));
            return response;
        },
        checkConfig: async (request: pb.CheckRequest) => (await configurationCalls()).checkConfig(session, request),
        diffConfig: async (request: pb.DiffRequest) => (await configurationCalls()).diffConfig(session, request),
        configure: async (request: pb.ConfigureRequest) => (await configurationCalls()).configure(session, request),
        check: async (request: pb.CheckRequest) => (await resourceCalls()).check(session, request),
        diff: async (request: pb.DiffRequest) => (await resourceCalls()).diff(session, request),
        create: async (request: pb.CreateRequest) => (await resourceCalls()).create(session, request),
        read: async (request: pb.ReadRequest) => (await resourceCalls()).read(session, request),
        update: async (request: pb.UpdateRequest) => (await resourceCalls()).update(session, request),
        delete: async (request: pb.DeleteRequest) => (await resourceCalls()).deleteResource(session, request),
        invoke: async (request: pb.InvokeRequest) => (await import("./function-calls")).invoke(session, request),
        construct: async (request: pb.ConstructRequest) => (await import("./construct")).construct(session, request),
        async cancel() {
            session.cancel();
            return new Empty();
        },
    });
}

// biome-ignore lint/suspicious/noExplicitAny: each method has its own request; gRPC's definition pairs them.
type Method = (request: any) => Promise<unknown>;

function unary(session: EngineSession, methods: Record<string, Method>): UntypedServiceImplementation {
    const handlers = Object.entries(methods).map(([name, method]) => [
        name,
        (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
            // "cancelled" is emitted for every call once its stream has ended: the answer was sent, or the client has
            // disconnected.
            void session.track(new Promise((resolve) => call.once("cancelled", resolve)));
            void session.track(method(call.request)).then(
                (response) => answer(null, response),
                async (error) => answer(await asFailure(session, error)),
            );
        },
    ]);
    return Object.fromEntries(handlers);
}

/** The text of an error that was thrown outside of a resource's operation. */
async function asFailure(session: EngineSession, error: unknown) {
    const { CallFailure, failureMessage } = await import("./failure");
    if (error instanceof CallFailure) return error;
    const { package: served } = await session.served();
    return new CallFailure(failureMessage(error, `Provider ${served.name}`, served.repository));
}
