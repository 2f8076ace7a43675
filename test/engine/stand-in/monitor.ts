import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { LoaderService } from "@pulumi/pulumi/proto/codegen/loader_grpc_pb";
import * as loader from "@pulumi/pulumi/proto/codegen/loader_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { CheckFailure } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Diagnostic } from "../events";
import type { ResourceState } from "./state";
import { fromStruct, type Properties, toStruct } from "./values";

/** A resource as the program registers it. */
export interface Goal {
    type: string;
    name: string;
    custom: boolean;
    parent: string;
    inputs: Properties;
    protect: boolean;
    dependencies: string[];
    propertyDependencies: Record<string, string[]>;
    /** Reference of the provider; "" for the default provider. */
    provider: string;
    /** Version of the SDK; "" if it has none. */
    version: string;
    pluginDownloadUrl: string;
    ignoreChanges: string[];
    additionalSecretOutputs: string[];
    customTimeouts: NonNullable<ResourceState["customTimeouts"]>;
    retainOnDelete: boolean;
    deleteBeforeReplace?: boolean;
}

/** A component that a provider has made. */
export interface Constructed {
    urn: string;
    outputs: Properties;
    /** URNs of dependencies by output. */
    dependencies: Record<string, string[]>;
}

/** Answer to a program whose deployment has ended; the SDK then exits without an error. */
export class DeploymentEnded extends Error {}

/** The calls of a program and its providers to a deployment. */
export interface MonitorCalls {
    register(goal: Goal): Promise<{ urn: string; id: string; outputs: Properties }>;
    /** Has a provider make a component. */
    construct(goal: Goal, request: pb.RegisterResourceRequest): Promise<Constructed>;
    registerOutputs(urn: string, outputs: Properties): void;
    invoke(
        token: string,
        args: Properties,
        from: { provider: string; version: string; pluginDownloadUrl: string },
    ): Promise<{ result?: Properties; failures: { property: string; reason: string }[] }>;
    log(diagnostic: Diagnostic): void;
    /** The schema of a package, as JSON. */
    schema(packageName: string): Promise<string>;
}

/** Features that the SDK may use. For options that need others, the SDK reports that the engine is too old. */
const FEATURES = new Set(["secrets", "resourceReferences", "outputValues", "aliasSpecs"]);
const SEVERITIES: Diagnostic["severity"][] = ["debug", "info", "warning", "error"];

/** Starts the services ResourceMonitor, Loader and Engine for the program and the providers. */
export async function serveMonitor(calls: MonitorCalls): Promise<{ address: string; close(): void }> {
    let root = "";
    const limits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
    const server = new Server(limits);
    server.addService(ResourceMonitorService as never, {
        supportsFeature: unary((request: pb.SupportsFeatureRequest) => {
            const response = new pb.SupportsFeatureResponse();
            response.setHassupport(FEATURES.has(request.getId()));
            return response;
        }),
        registerResource: unary(async (request: pb.RegisterResourceRequest) => {
            const goal = goalOf(request);
            const response = new pb.RegisterResourceResponse();
            if (request.getRemote()) {
                const { urn, outputs, dependencies } = await calls.construct(goal, request);
                response.setUrn(urn);
                response.setObject(toStruct(outputs));
                for (const [name, urns] of Object.entries(dependencies)) {
                    const message = new pb.RegisterResourceResponse.PropertyDependencies();
                    message.setUrnsList(urns);
                    response.getPropertydependenciesMap().set(name, message);
                }
                return response;
            }
            const registered = await calls.register(goal);
            response.setUrn(registered.urn);
            response.setId(registered.id);
            response.setObject(toStruct(registered.outputs));
            return response;
        }),
        registerResourceOutputs: unary((request: pb.RegisterResourceOutputsRequest) => {
            calls.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
            return new Empty();
        }),
        invoke: unary(async (request: pb.ResourceInvokeRequest) => {
            const { result, failures } = await calls.invoke(request.getTok(), fromStruct(request.getArgs()), {
                provider: request.getProvider(),
                version: request.getVersion(),
                pluginDownloadUrl: request.getPlugindownloadurl(),
            });
            const response = new pb.ResourceInvokeResponse();
            if (result) response.setReturn(toStruct(result));
            for (const { property, reason } of failures) {
                const failure = new CheckFailure();
                failure.setProperty(property);
                failure.setReason(reason);
                response.addFailures(failure);
            }
            return response;
        }),
    });
    server.addService(LoaderService as never, {
        getSchema: unary(async (request: loader.GetSchemaRequest) => {
            const response = new loader.GetSchemaResponse();
            response.setSchema(Buffer.from(await calls.schema(request.getPackage())));
            return response;
        }),
    });
    server.addService(EngineService as never, {
        log: unary((request: engine.LogRequest) => {
            calls.log({
                urn: request.getUrn() || undefined,
                severity: SEVERITIES[request.getSeverity()] ?? "info",
                message: request.getMessage(),
                ephemeral: request.getEphemeral() || undefined,
            });
            return new Empty();
        }),
        setRootResource: unary((request: engine.SetRootResourceRequest) => {
            root = request.getUrn();
            return new engine.SetRootResourceResponse();
        }),
        getRootResource: unary(() => {
            const response = new engine.GetRootResourceResponse();
            response.setUrn(root);
            return response;
        }),
    });
    const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
            error ? reject(error) : resolve(bound),
        ),
    );
    return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function goalOf(request: pb.RegisterResourceRequest): Goal {
    const beyond = [
        request.getImportid() && "the option import",
        request.getAliasesList().length > 0 && "the option aliases",
        request.getReplaceonchangesList().length > 0 && "the option replaceOnChanges",
        request.hasReplacementTrigger() && "the option replacementTrigger",
    ].find((part) => part !== false && part !== "");
    if (beyond) throw new Error(`the stand-in engine doesn't do ${beyond}; use the pulumi CLI`);
    const timeouts = request.getCustomtimeouts();
    return {
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        parent: request.getParent(),
        inputs: fromStruct(request.getObject()),
        protect: request.getProtect() ?? false,
        dependencies: request.getDependenciesList(),
        propertyDependencies: Object.fromEntries(
            request
                .getPropertydependenciesMap()
                .toArray()
                .map(([key]) => [key, request.getPropertydependenciesMap().get(key)?.getUrnsList() ?? []]),
        ),
        provider: request.getProvider() || (request.getProvidersMap().get(packageOf(request)) ?? ""),
        version: request.getVersion(),
        pluginDownloadUrl: request.getPlugindownloadurl(),
        ignoreChanges: request.getIgnorechangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        customTimeouts: {
            ...seconds("create", timeouts?.getCreate()),
            ...seconds("update", timeouts?.getUpdate()),
            ...seconds("delete", timeouts?.getDelete()),
            ...seconds("read", timeouts?.getRead()),
        },
        retainOnDelete: request.getRetainondelete() ?? false,
        deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    };
}

const packageOf = (request: pb.RegisterResourceRequest) => request.getType().split(":")[0] as string;

/** A duration such as "1h5m30s" in seconds, under the key; an empty object if there is none. */
function seconds(key: string, duration = ""): Record<string, number> {
    if (duration === "") return {};
    const units = { h: 3600, m: 60, s: 1, ms: 0.001 } as Record<string, number>;
    const parts = [...duration.matchAll(/([\d.]+)(h|ms|m|s)/g)];
    if (parts.length === 0) throw new Error(`"${duration}" is no duration: write one like 5m or 90s`);
    return { [key]: parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit as string] ?? 0), 0) };
}

function unary<Q, A>(answer: (request: Q) => A | Promise<A>) {
    return async (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => {
        try {
            callback(null, await answer(call.request));
        } catch (error) {
            const code = error instanceof DeploymentEnded ? status.UNAVAILABLE : status.UNKNOWN;
            callback({ code, details: (error as Error).message });
        }
    };
}
