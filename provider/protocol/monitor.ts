import { type ClientUnaryCall, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { ConstructRequest } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorClient } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/resource_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UserError } from "../errors";

type Json = Record<string, JavaScriptValue>;

export interface Registration {
    type: string;
    name: string;
    parent: string;
    inputs: Json;
    /** URNs. */
    dependencies: readonly string[];
    propertyDependencies: Readonly<Record<string, readonly string[]>>;
    ignoreChanges: readonly string[];
    replaceOnChanges: readonly string[];
    /** Reference of the provider; empty for the default provider. */
    provider: string;
}

/** The engine's side of a component's construction. */
export class Monitor {
    private readonly client: ResourceMonitorClient;
    private readonly pending = new Set<ClientUnaryCall>();

    constructor(
        private readonly request: ConstructRequest,
        signal: AbortSignal,
    ) {
        const limits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
        this.client = new ResourceMonitorClient(request.getMonitorendpoint(), credentials.createInsecure(), limits);
        // After a failure the engine doesn't answer calls any more, and only cancels its providers.
        signal.addEventListener("abort", () => this.close(), { once: true });
    }

    /** Closes the connection and ends calls that still wait for an answer. */
    close(): void {
        for (const call of this.pending) call.cancel();
        this.client.close();
    }

    /** Registers the component without inputs, which its children have. Resolves to its URN. */
    async registerComponent(): Promise<string> {
        const { request } = this;
        const message = this.message({
            type: request.getType(),
            name: request.getName(),
            parent: request.getParent(),
            inputs: {},
            dependencies: request.getDependenciesList(),
        });
        message.setAliasesList(request.getAliasesList());
        for (const [name, reference] of request.getProvidersMap().entries())
            message.getProvidersMap().set(name, reference);
        return (await this.register(message)).getUrn();
    }

    async registerChild(child: Registration): Promise<{ urn: string; outputs: Json }> {
        const message = this.message(child);
        message.setCustom(true);
        message.setProvider(child.provider);
        message.setIgnorechangesList([...child.ignoreChanges]);
        message.setReplaceonchangesList([...child.replaceOnChanges]);
        for (const [name, urns] of Object.entries(child.propertyDependencies)) {
            const dependencies = new pb.RegisterResourceRequest.PropertyDependencies();
            dependencies.setUrnsList([...urns]);
            message.getPropertydependenciesMap().set(name, dependencies);
        }
        const timeouts = this.request.getCustomtimeouts();
        if (timeouts !== undefined) {
            const own = new pb.RegisterResourceRequest.CustomTimeouts();
            own.setCreate(timeouts.getCreate());
            own.setUpdate(timeouts.getUpdate());
            own.setDelete(timeouts.getDelete());
            message.setCustomtimeouts(own);
        }
        const response = await this.register(message);
        return { urn: response.getUrn(), outputs: (response.getObject()?.toJavaScript() ?? {}) as Json };
    }

    async registerOutputs(urn: string, outputs: Json): Promise<void> {
        const message = new pb.RegisterResourceOutputsRequest();
        message.setUrn(urn);
        message.setOutputs(Struct.fromJavaScript(outputs));
        await this.send((answer) => this.client.registerResourceOutputs(message, answer));
    }

    /** A registration with the component's options, which apply to its children, too. */
    private message(
        goal: Pick<Registration, "type" | "name" | "parent" | "inputs" | "dependencies">,
    ): pb.RegisterResourceRequest {
        const { request } = this;
        const message = new pb.RegisterResourceRequest();
        message.setType(goal.type);
        message.setName(goal.name);
        message.setParent(goal.parent);
        message.setObject(Struct.fromJavaScript(goal.inputs));
        message.setDependenciesList([...goal.dependencies]);
        if (request.hasProtect()) message.setProtect(request.getProtect() ?? false);
        if (request.hasRetainondelete()) message.setRetainondelete(request.getRetainondelete() ?? false);
        message.setDeletedwith(request.getDeletedwith());
        message.setAcceptsecrets(true);
        message.setAcceptresources(true);
        message.setSupportspartialvalues(true);
        message.setAliasspecs(true);
        return message;
    }

    private register(message: pb.RegisterResourceRequest): Promise<pb.RegisterResourceResponse> {
        return this.send((answer) => this.client.registerResource(message, answer));
    }

    private send<A>(start: (answer: (error: ServiceError | null, response: A) => void) => ClientUnaryCall): Promise<A> {
        return new Promise((resolve, reject) => {
            const call = start((error, response) => {
                this.pending.delete(call);
                if (error === null) resolve(response);
                else reject(ended(error));
            });
            this.pending.add(call);
        });
    }
}

/** The error for a call that the engine ended. The engine itself reports the failure of a child. */
function ended({ code, details }: ServiceError): UserError {
    const isEnding = code === status.CANCELLED || code === status.UNAVAILABLE;
    return new UserError({ what: "the engine has ended the update", ...(isEnding ? {} : { reported: details }) });
}
