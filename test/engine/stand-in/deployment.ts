import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import pLimit from "p-limit";
import type { EngineEvent } from "../events";
import { constructed, constructRequest } from "./construct";
import { type Constructed, DeploymentEnded, type Goal, type MonitorCalls } from "./monitor";
import type { Applied } from "./provider";
import { isProviderType, PROVIDER_TYPE, type ProviderRegistry, referenceTo } from "./provider-registry";
import type { ResourceState, State } from "./state";
import { planStep, type Step } from "./step";
import { Bail, StepExecutor, stepMetadata } from "./step-executor";
import { hasSecret, isSecret, makeSecret, type Properties, withAssetHashes } from "./values";

export const STACK_TYPE = "pulumi:pulumi:Stack";

export interface DeploymentOptions {
    project: string;
    stack: string;
    programDirectory: string;
    preview: boolean;
    state: State;
    /** Configuration by full key; secret values are marked. */
    config: Properties;
    /** Address of the deployment's ResourceMonitor. */
    monitorAddress(): string;
    emit(event: EngineEvent): void;
}

/**
 * Plans and executes the steps for the resources that a program registers. Steps are planned one after the other, in the
 * order of registration, and executed concurrently.
 */
export class Deployment extends StepExecutor implements MonitorCalls {
    providers!: ProviderRegistry;
    /** Resources before the deployment by URN, without those pending deletion. */
    olds = new Map<string, ResourceState>();
    /** Resources that the program has registered so far, by URN. */
    readonly visited = new Map<string, ResourceState>();
    readonly outputs = new Map<string, Properties>();
    private readonly defaultProviders = new Map<string, Promise<string>>();
    private readonly oneAtATime = pLimit(1);

    constructor(readonly options: DeploymentOptions) {
        super(options.preview, options.emit);
    }

    /** Takes the present state as the old one for registrations from now on. */
    begin() {
        const settled = this.options.state.resources.filter((resource) => !resource.delete);
        this.olds = new Map(settled.map((resource) => [resource.urn, resource]));
    }

    get stackUrn() {
        const { project, stack } = this.options;
        return `urn:pulumi:${stack}::${project}::${STACK_TYPE}::${project}-${stack}`;
    }

    async register(goal: Goal): Promise<{ urn: string; id: string; outputs: Properties }> {
        const provider = goal.custom && !isProviderType(goal.type) ? await this.providerOf(goal.type, goal) : "";
        const state = await this.make({ ...goal, provider });
        return { urn: state.urn, id: state.id ?? "", outputs: state.custom ? state.outputs : {} };
    }

    async construct(goal: Goal, registration: RegisterResourceRequest): Promise<Constructed> {
        this.assertRunning();
        const reference = await this.providerOf(goal.type, goal);
        const inputs = withAssetHashes(goal.inputs, this.options.programDirectory);
        const request = constructRequest({ ...goal, inputs }, registration, this.options);
        try {
            const response = await this.providers.get(reference).construct(request);
            if (response !== undefined) return constructed(response);
        } catch (error) {
            this.fail(undefined, `${goal.type} resource '${goal.name}' has a problem: ${(error as Error).message}`);
            throw new DeploymentEnded();
        }
        const { urn } = await this.register({ ...goal, inputs: {} });
        return { urn, outputs: {}, dependencies: {} };
    }

    registerOutputs(urn: string, outputs: Properties) {
        this.outputs.set(urn, outputs);
        // Outputs of the stack are only final at the end of the deployment.
        if (urn !== this.stackUrn) this.settleOutputs(urn, outputs);
    }

    settleOutputs(urn: string, outputs: Properties) {
        const state = this.visited.get(urn);
        if (state === undefined) return;
        const old = this.olds.get(urn);
        state.outputs = outputs;
        if (!this.options.preview) this.options.state.save();
        this.emit({ resOutputsEvent: { metadata: stepMetadata(old ? "same" : "create", old, state) } });
    }

    async invoke(token: string, args: Properties, from: Parameters<MonitorCalls["invoke"]>[2]) {
        const provider = this.providers.get(await this.providerOf(token, from));
        const response = await provider.invoke(token, args);
        const failures = response.getFailuresList();
        return {
            result: response.getReturn()?.toJavaScript() as Properties | undefined,
            failures: failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
        };
    }

    schema(packageName: string): Promise<string> {
        return this.providers.schema(packageName);
    }

    /** Plans and executes the step of a resource. */
    private async make(goal: Goal): Promise<ResourceState> {
        const step = await this.oneAtATime(async () => {
            this.assertRunning();
            try {
                return await this.decide(goal);
            } catch (error) {
                if (!(error instanceof Bail)) this.fail(this.urnOf(goal), (error as Error).message);
                this.stop();
                throw new DeploymentEnded();
            }
        });
        try {
            await this.carryOut(step);
        } catch (error) {
            if (error instanceof Bail) throw new DeploymentEnded();
            throw error;
        }
        return step.next;
    }

    private async decide(goal: Goal): Promise<Step> {
        const urn = this.urnOf(goal);
        if (this.visited.has(urn)) throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
        const inputs = withAssetHashes(goal.inputs, this.options.programDirectory);
        const step = await planStep({ ...goal, inputs }, urn, this.olds.get(urn), this);
        this.visited.set(urn, step.next);
        return step;
    }

    private async carryOut({ op, old, next, handler, diffs, detailed, deleteFirst }: Step) {
        const { state, preview } = this.options;
        const shown = { diffs, detailed };
        const save = (from: ResourceState | undefined, to: ResourceState) => !preview && state.replace(from, to);
        const begin = (type: "creating" | "updating") => (preview ? () => {} : state.begin(type, next));
        const now = new Date().toISOString();

        if (op === "same" && old) {
            return this.perform(
                "same",
                old,
                next,
                async () => {
                    if (handler?.same) await handler.same(old);
                    Object.assign(next, {
                        id: old.id,
                        outputs: old.outputs,
                        created: old.created,
                        modified: old.modified,
                    });
                    save(old, next);
                    return {};
                },
                shown,
            );
        }
        if (op === "update" && old) {
            return this.perform(
                "update",
                old,
                next,
                async () => {
                    Object.assign(next, { id: old.id, created: old.created, modified: now });
                    const finish = begin("updating");
                    const applied = await (handler?.update(old, next) ?? made(next)).finally(finish);
                    settle(next, applied);
                    // After a failure half way the old inputs stay, so that a revert of the program is a change.
                    if (applied.failure) next.inputs = old.inputs;
                    save(old, next);
                    return { failure: applied.failure?.join("\n") };
                },
                shown,
            );
        }
        const replaced = op === "replace" ? old : undefined;
        if (replaced && deleteFirst && !replaced.pendingReplacement) await this.deleteToReplace(replaced);
        const tellReplaced = async () => replaced && this.perform("replace", replaced, next, async () => ({}), shown);
        if (deleteFirst) await tellReplaced();
        await this.perform(
            replaced ? "create-replacement" : "create",
            replaced,
            next,
            async () => {
                const finish = begin("creating");
                const applied = await (handler?.create(next) ?? made(next)).finally(finish);
                Object.assign(next, { id: applied.id || undefined, created: now, modified: now });
                settle(next, applied);
                if (replaced && !deleteFirst) replaced.delete = true;
                save(replaced?.pendingReplacement ? replaced : undefined, next);
                return { failure: applied.failure?.join("\n") };
            },
            shown,
        );
        if (!deleteFirst) await tellReplaced();
    }

    /** Deletes a resource before its replacement (deleteBeforeReplace), but not the resources that depend on it. */
    private async deleteToReplace(old: ResourceState) {
        await this.perform("delete-replaced", old, undefined, async () => {
            if (this.options.preview) return {};
            await this.providers.ensure(old.provider as string, this.options.state.resources);
            const finish = this.options.state.begin("deleting", old);
            await this.providers
                .get(old.provider as string)
                .delete(old)
                .finally(finish);
            old.pendingReplacement = true;
            this.options.state.save();
            return {};
        });
    }

    /** The explicit provider, or the package's default provider, which is registered at its first use. */
    private async providerOf(token: string, from: Pick<Goal, "provider" | "version" | "pluginDownloadUrl">) {
        if (from.provider) return from.provider;
        const name = token.split(":")[0] as string;
        const key = [name, from.version, from.pluginDownloadUrl].join(" ");
        const registered = this.defaultProviders.get(key) ?? this.registerDefaultProvider(name, from);
        this.defaultProviders.set(key, registered);
        return registered;
    }

    private async registerDefaultProvider(
        name: string,
        { version, pluginDownloadUrl }: Pick<Goal, "version" | "pluginDownloadUrl">,
    ): Promise<string> {
        const config = Object.entries(this.options.config).filter(([key]) => key.startsWith(`${name}:`));
        const inputs: Properties = Object.fromEntries(
            config.map(([key, value]) => [key.slice(name.length + 1), value]),
        );
        const provider = await this.make({
            type: `${PROVIDER_TYPE}${name}`,
            name: [
                "default",
                ...(version ? [version.replace(/[.+-]/g, "_")] : []),
                ...(pluginDownloadUrl ? [pluginDownloadUrl.replace(/[^\w.\-/]/g, "_")] : []),
            ].join("_"),
            custom: true,
            parent: "",
            inputs: version
                ? { ...inputs, version, __internal: pluginDownloadUrl ? { pluginDownloadURL: pluginDownloadUrl } : {} }
                : inputs,
            protect: false,
            dependencies: [],
            propertyDependencies: {},
            provider: "",
            version: "",
            pluginDownloadUrl: "",
            ignoreChanges: [],
            additionalSecretOutputs: [],
            customTimeouts: {},
            retainOnDelete: false,
        });
        return referenceTo(provider);
    }

    private urnOf({ type, name, parent }: Goal): string {
        const { project, stack } = this.options;
        const [, , parentType] = parent === "" ? [] : parent.split("::");
        const qualified = parentType && parentType !== STACK_TYPE ? `${parentType}$${type}` : type;
        return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
    }
}

/** Creates or updates a component, which has no provider. */
const made = async (next: ResourceState): Promise<Applied> => ({ id: "", outputs: next.outputs });

/** Puts a provider's response into the state. An output is secret if the input of the same name is. */
export function settle(state: ResourceState, { outputs, failure }: Applied) {
    state.outputs = { ...outputs };
    state.initErrors = failure;
    for (const [key, value] of Object.entries(outputs)) {
        const secret = isSecret(state.inputs[key]) || state.additionalSecretOutputs?.includes(key);
        if (secret && !hasSecret(value)) state.outputs[key] = makeSecret(value);
    }
}
