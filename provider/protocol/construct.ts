import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import pLimit from "p-limit";
import type { Child, ChildOptions, Component, ComponentContext, Resource } from "../contract";
import { throwFailures, UserError } from "../errors";
import { markedPaths, withDefaults } from "../schema/shape";
import { Call } from "./call";
import { carriedInput, dependenciesOf, WireValue, wireMembers } from "./carried";
import { decodeObject } from "./decode";
import { CallFailure, failureMessage } from "./failure";
import { COMPONENT, SHOWN_WITH } from "./fold";
import { Monitor } from "./monitor";
import { pathsForChild, refusePaths } from "./option-paths";
import { SecretPaths } from "./secrets";
import { type EngineSession, memberOf, type Served } from "./session";
import { validate } from "./validate";

type Json = Record<string, JavaScriptValue>;

/**
 * Makes a component. Registers resources as an SDK does, but passes values on in the form of the wire, so that secrets, unknown
 * values and dependencies are kept.
 */
export async function construct(session: EngineSession, request: pb.ConstructRequest): Promise<pb.ConstructResponse> {
    const served = await session.served();
    const component = await componentOf(served, request.getType());
    const raw = (request.getInputs()?.toJavaScript() ?? {}) as Json;
    const { value, secrets } = decodeObject(raw);
    const properties = [
        { value, secrets: new SecretPaths([...secrets, ...markedPaths(component.inputs, value, "secret")]) },
    ];
    const call = new Call(session, served, {
        urn: pseudoUrn(request),
        operation: "construct",
        timeoutSeconds: 0,
        properties,
    });
    return call.run(async () => {
        throwFailures(validate(component.inputs, value), "the inputs aren't valid");
        refusePaths(component, "ignoreChanges", request.getIgnorechangesList());
        refusePaths(component, "replaceOnChanges", request.getReplaceonchangesList());
        const monitor = new Monitor(request, call.signal);
        try {
            call.urn = await monitor.registerComponent();
            const construction = new Construction(session, served, request, call, monitor, raw);
            const outputs = await component.construct(
                construction,
                withDefaults(component.inputs, value) as Parameters<Component["construct"]>[1],
            );
            return await construction.finish(outputs);
        } catch (error) {
            // After a failure the engine cancels everything: the error is reported, not the cancellation.
            if (error instanceof UserError)
                throw new CallFailure(call.redact(failureMessage(error, call.label, served.package.repository)));
            throw error;
        } finally {
            monitor.close();
        }
    });
}

class Construction implements ComponentContext {
    private readonly order = pLimit(1);

    constructor(
        private readonly session: EngineSession,
        private readonly served: Served,
        private readonly request: pb.ConstructRequest,
        private readonly call: Call,
        private readonly monitor: Monitor,
        private readonly raw: Json,
    ) {}

    get name(): string {
        return this.request.getName();
    }

    warn(text: string): void {
        this.call.warn(text);
    }

    input(name: string): WireValue {
        const dependencies = this.request.getInputdependenciesMap().get(name)?.getUrnsList() ?? [];
        return carriedInput(this.raw[name], dependencies);
    }

    async register(
        resource: Resource,
        name: string,
        inputs: Record<string, unknown>,
        { dependsOn = [], shownWith, others, members }: ChildOptions = {},
    ): Promise<Child> {
        const { request, served } = this;
        const propertyDependencies = Object.fromEntries(
            Object.entries(inputs).map(([property, value]) => [property, dependenciesOf(value)]),
        );
        const dependencies = [
            ...request.getDependenciesList(),
            ...dependsOn.map((child) => child.urn),
            ...Object.values(propertyDependencies).flat(),
        ];
        // The engine applies these options to paths of the inputs, so the inputs must not be folded.
        const hasPaths = request.getIgnorechangesList().length + request.getReplaceonchangesList().length > 0;
        const { urn, outputs } = await this.inOrder(() =>
            this.monitor.registerChild({
                type: `${served.package.name}:index:${resource.name}`,
                name,
                parent: this.call.urn,
                inputs: {
                    ...wireMembers(inputs),
                    ...(shownWith === undefined || hasPaths ? {} : { [SHOWN_WITH]: shownWith }),
                    ...(others === undefined ? {} : { [COMPONENT]: { urn: this.call.urn, others: [...others] } }),
                },
                dependencies: [...new Set(dependencies)],
                propertyDependencies,
                ignoreChanges: pathsForChild(request.getIgnorechangesList(), resource, members),
                replaceOnChanges: pathsForChild(request.getReplaceonchangesList(), resource, members),
                provider: request.getProvidersMap().get(served.package.name) ?? this.ownReference(),
            }),
        );
        return { urn, output: (key) => new WireValue(outputs[key], [urn]) };
    }

    /** Registers one after the other in a preview, as the CLI prints resources in the order of the answers. */
    private inOrder<T>(register: () => Promise<T>): Promise<T> {
        return this.request.getDryrun() ? this.order(register) : register();
    }

    /**
     * The reference of this provider, so that the engine doesn't start a second process of it; empty for a default provider,
     * which the engine then chooses itself. A preview prints a line with each resource's reference unless it is the default
     * provider without a version in its name: that would be a quarter of the preview of many hosts.
     */
    private ownReference(): string {
        const { reference } = this.session;
        return /::default_[^:]*::[^:]*$/.test(reference) ? "" : reference;
    }

    async finish(outputs: Record<string, unknown>): Promise<pb.ConstructResponse> {
        const state = wireMembers(outputs);
        await this.monitor.registerOutputs(this.call.urn, state);
        const response = new pb.ConstructResponse();
        response.setUrn(this.call.urn);
        response.setState(Struct.fromJavaScript(state));
        for (const [name, value] of Object.entries(outputs)) {
            const dependencies = new pb.ConstructResponse.PropertyDependencies();
            dependencies.setUrnsList(dependenciesOf(value));
            response.getStatedependenciesMap().set(name, dependencies);
        }
        return response;
    }
}

async function componentOf({ package: served }: Served, type: string): Promise<Component> {
    const component = await memberOf(served, served.components, type);
    if (component !== undefined) return component;
    throw new UserError({
        what: `version ${served.version} of the provider ${served.name} has no component type ${type}`,
        todo: "Use the version of the provider that belongs to the SDK",
    });
}

/** A URN for texts until the engine makes the real one at the component's registration. */
function pseudoUrn(request: pb.ConstructRequest): string {
    return `urn:pulumi:${request.getStack()}::${request.getProject()}::${request.getType()}::${request.getName()}`;
}
