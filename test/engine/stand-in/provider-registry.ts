import { randomUUID } from "node:crypto";
import { GetSchemaRequest, type GetSchemaResponse } from "@pulumi/pulumi/proto/provider_pb";
import { UNKNOWN_STRING } from "../../../provider/protocol/wire";
import { Plugin } from "./plugin";
import { type Applied, type Checked, type Difference, Provider } from "./provider";
import type { ResourceState } from "./state";
import { equal, type Properties } from "./values";

/** The operations on a resource: those of its provider, or of the engine for provider resources. */
export interface Handler {
    check(urn: string, type: string, olds: Properties, news: Properties): Promise<Checked>;
    /** Resolves to `undefined` if the difference is still unknown, which counts as a change. */
    diff(old: ResourceState, inputs: Properties, ignoreChanges: string[]): Promise<Difference | undefined>;
    create(goal: ResourceState): Promise<Applied>;
    update(old: ResourceState, goal: ResourceState): Promise<Applied>;
    /** Called for a resource without a change. */
    same?(old: ResourceState): Promise<void>;
}

export const PROVIDER_TYPE = "pulumi:providers:";
export const isProviderType = (type: string) => type.startsWith(PROVIDER_TYPE);
export const referenceTo = (provider: ResourceState) => `${provider.urn}::${provider.id}`;
export const urnOfReference = (reference: string) => reference.slice(0, reference.lastIndexOf("::"));

/**
 * The provider resources of a deployment, each with a process. Checks of a provider resource are made before its process is
 * configured, since only the step decides which inputs configure it.
 */
export class ProviderRegistry implements Handler {
    private readonly unconfigured = new Map<string, Provider>();
    private readonly configured = new Map<string, Provider>();
    private readonly plugins: Plugin[] = [];

    constructor(
        /** Executables by package name. */
        private readonly executables: Record<string, string>,
        private readonly engineAddress: string,
        private readonly programDirectory: string,
        private readonly preview: boolean,
    ) {}

    get(reference: string): Provider {
        const provider = this.configured.get(reference);
        if (provider === undefined) throw new Error(`unknown provider '${reference}'`);
        return provider;
    }

    /** Starts a provider that only the state has, not the program. */
    async ensure(reference: string, resources: readonly ResourceState[]) {
        if (this.configured.has(reference)) return;
        const state = resources.find(
            (resource) => isProviderType(resource.type) && referenceTo(resource) === reference,
        );
        if (state === undefined) throw new Error(`the state has no provider '${reference}'`);
        await this.configure(await this.start(state.urn, state.type), state.id as string, state.urn, state.inputs);
    }

    async check(urn: string, type: string, olds: Properties, news: Properties): Promise<Checked> {
        const provider = await this.start(urn, type);
        const { inputs, failures } = await provider.checkConfig(visible(olds), visible(news));
        this.unconfigured.set(urn, provider);
        const kept = Object.fromEntries(
            Object.entries(news).filter(([key]) => ["version", "__internal"].includes(key)),
        );
        return { inputs: { ...inputs, ...kept }, failures };
    }

    async diff(old: ResourceState, inputs: Properties): Promise<Difference> {
        const provider = this.unconfigured.get(old.urn) as Provider;
        const difference = await provider.diffConfig(visible(old.inputs), old.outputs, visible(inputs));
        return { ...difference, changed: difference.changed ?? !equal(old.outputs, visible(inputs)) };
    }

    async create(goal: ResourceState): Promise<Applied> {
        const id = this.preview ? UNKNOWN_STRING : randomUUID();
        await this.configure(this.take(goal.urn), id, goal.urn, goal.inputs);
        return { id, outputs: visible(goal.inputs) };
    }

    async update(old: ResourceState, goal: ResourceState): Promise<Applied> {
        await this.configure(this.take(goal.urn), old.id as string, goal.urn, goal.inputs);
        return { id: old.id as string, outputs: visible(goal.inputs) };
    }

    async same(old: ResourceState) {
        const checked = this.take(old.urn);
        // A refresh in the same operation has already started it.
        if (this.configured.has(referenceTo(old))) return;
        await this.configure(checked, old.id as string, old.urn, old.inputs);
    }

    /** The schema of a package, as JSON. */
    async schema(packageName: string): Promise<string> {
        const plugin = await this.startPlugin(packageName);
        const response = await plugin.call<GetSchemaResponse>("getSchema", new GetSchemaRequest());
        return response.getSchema();
    }

    /** Cancels all running operations. */
    async cancel() {
        await Promise.all(this.plugins.map((plugin) => plugin.cancel()));
    }

    async close() {
        await Promise.all(this.plugins.map((plugin) => plugin.close()));
    }

    private take(urn: string): Provider {
        const provider = this.unconfigured.get(urn) as Provider;
        this.unconfigured.delete(urn);
        return provider;
    }

    private async configure(provider: Provider, id: string, urn: string, inputs: Properties) {
        await provider.configure(id, visible(inputs));
        this.configured.set(`${urn}::${id}`, provider);
    }

    private async start(urn: string, type: string): Promise<Provider> {
        const plugin = await this.startPlugin(type.slice(PROVIDER_TYPE.length));
        return new Provider(plugin, urn, type, this.preview);
    }

    private async startPlugin(name: string): Promise<Plugin> {
        const executable = this.executables[name];
        if (executable === undefined) {
            throw new Error(`no plugin for the package ${name}: name it under plugins.providers in Pulumi.yaml`);
        }
        const plugin = await Plugin.start(executable, this.engineAddress, this.programDirectory);
        this.plugins.push(plugin);
        return plugin;
    }
}

/** Inputs of a provider without those that its process doesn't get. */
function visible(inputs: Properties): Properties {
    const { __internal, ...rest } = inputs;
    return rest;
}
