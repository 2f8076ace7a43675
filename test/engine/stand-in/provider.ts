import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { CallError, type Plugin } from "./plugin";
import type { ResourceState } from "./state";
import {
    fromStruct,
    hasUnknown,
    type Properties,
    toStruct,
    withoutAssetContents,
    withoutSecrets,
    withSecretsOf,
} from "./values";

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";
export type DetailedDiff = Record<string, { diffKind: DiffKind; inputDiff: boolean }>;

export interface Difference {
    /** Undefined if the provider doesn't know: the engine then compares the inputs. */
    changed?: boolean;
    replaces: string[];
    /** Names of top-level properties that differ. */
    diffs: string[];
    detailed?: DetailedDiff;
    deleteBeforeReplace: boolean;
}

export interface Checked {
    inputs: Properties;
    failures: { property: string; reason: string }[];
}

/** The result of an operation that succeeded or failed in part. */
export interface Applied {
    id: string;
    outputs: Properties;
    inputs?: Properties;
    /** Why the object, which exists, isn't as declared. */
    failure?: string[];
}

const KINDS: DiffKind[] = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];
const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** The process of a provider resource. Its methods make the protocol's calls with the arguments of the real engine. */
export class Provider {
    /** False in a preview with an unknown provider configuration, in which the process isn't called. */
    private configured = false;
    private supportsPreview = false;

    constructor(
        readonly plugin: Plugin,
        private readonly urn: string,
        private readonly type: string,
        private readonly preview: boolean,
    ) {}

    async checkConfig(olds: Properties, news: Properties): Promise<Checked> {
        const request = this.place(new pb.CheckRequest(), this.urn, this.type);
        request.setOlds(toStruct(withoutSecrets(olds) as Properties));
        request.setNews(toStruct(withoutSecrets(news) as Properties));
        const { inputs, failures } = checked(await this.plugin.call("checkConfig", request));
        return { inputs: withSecretsOf(inputs, news), failures };
    }

    async diffConfig(oldInputs: Properties, oldOutputs: Properties, news: Properties): Promise<Difference> {
        const request = this.place(new pb.DiffRequest(), this.urn, this.type);
        request.setOldInputs(toStruct(withoutSecrets(oldInputs) as Properties));
        request.setOlds(toStruct(withoutSecrets(oldOutputs) as Properties));
        request.setNews(toStruct(withoutSecrets(news) as Properties));
        return difference(await this.plugin.call("diffConfig", request));
    }

    async configure(id: string, inputs: Properties) {
        if (hasUnknown(inputs)) return;
        const request = new pb.ConfigureRequest();
        const [, , packageName] = this.type.split(":");
        for (const [key, value] of Object.entries(withoutSecrets(inputs) as Properties)) {
            if (key === "version") continue;
            const text = typeof value === "string" ? value : JSON.stringify(value);
            request.getVariablesMap().set(`${packageName}:config:${key}`, text);
        }
        request.setArgs(toStruct(inputs));
        request.setAcceptsecrets(true);
        request.setAcceptresources(true);
        request.setSendsOldInputs(true);
        request.setSendsOldInputsToDelete(true);
        this.place(request, this.urn, this.type).setId(id);
        const response = await this.plugin.call<pb.ConfigureResponse>("configure", request);
        this.supportsPreview = response.getSupportspreview();
        this.configured = true;
    }

    async check(urn: string, type: string, olds: Properties, news: Properties): Promise<Checked> {
        if (!this.configured) return { inputs: news, failures: [] };
        const request = this.place(new pb.CheckRequest(), urn, type);
        request.setOlds(toStruct(olds));
        request.setNews(toStruct(news));
        request.setRandomseed(crypto.getRandomValues(new Uint8Array(32)));
        return checked(await this.plugin.call("check", request));
    }

    /** Resolves to `undefined` if the provider's configuration is unknown, which counts as a change. */
    async diff(old: ResourceState, inputs: Properties, ignoreChanges: string[]): Promise<Difference | undefined> {
        if (!this.configured) return undefined;
        const request = this.place(new pb.DiffRequest(), old.urn, old.type);
        request.setId(old.id ?? "");
        request.setOldInputs(toStruct(withoutAssetContents(old.inputs)));
        request.setOlds(toStruct(withoutAssetContents(old.outputs)));
        request.setNews(toStruct(withoutAssetContents(inputs)));
        request.setIgnorechangesList(ignoreChanges);
        return difference(await this.plugin.call("diff", request));
    }

    async create(goal: ResourceState): Promise<Applied> {
        const inputs = goal.inputs;
        if (this.preview && !this.configured) return { id: "", outputs: {} };
        if (this.preview && !this.supportsPreview) return { id: "", outputs: inputs };
        const request = this.place(new pb.CreateRequest(), goal.urn, goal.type);
        request.setProperties(toStruct(inputs));
        request.setTimeout(goal.customTimeouts?.create ?? 0);
        request.setPreview(this.preview);
        const applied = await partial(async () => {
            const response = await this.plugin.call<pb.CreateResponse>("create", request);
            return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
        });
        if (!this.preview && applied.id === "") throw new CallError("provider did not return an ID from Create");
        return applied;
    }

    async update(old: ResourceState, goal: ResourceState): Promise<Applied> {
        if (this.preview && !this.configured) return { id: old.id ?? "", outputs: {} };
        if (this.preview && !this.supportsPreview) return { id: old.id ?? "", outputs: goal.inputs };
        const request = this.place(new pb.UpdateRequest(), old.urn, old.type);
        request.setId(old.id ?? "");
        request.setOldInputs(toStruct(withoutAssetContents(old.inputs)));
        request.setOlds(toStruct(withoutAssetContents(old.outputs)));
        request.setNews(toStruct(goal.inputs));
        request.setTimeout(goal.customTimeouts?.update ?? 0);
        request.setIgnorechangesList(goal.ignoreChanges ?? []);
        request.setPreview(this.preview);
        return partial(async () => {
            const response = await this.plugin.call<pb.UpdateResponse>("update", request);
            return { id: old.id ?? "", outputs: fromStruct(response.getProperties()) };
        });
    }

    /** Resolves to an empty id if the object doesn't exist any more. */
    async read(old: ResourceState): Promise<Applied> {
        const request = this.place(new pb.ReadRequest(), old.urn, old.type);
        request.setId(old.id ?? "");
        request.setInputs(toStruct(withoutAssetContents(old.inputs)));
        request.setProperties(toStruct(withoutAssetContents(old.outputs)));
        request.setTimeout(old.customTimeouts?.read ?? 0);
        return partial(async () => {
            const response = await this.plugin.call<pb.ReadResponse>("read", request);
            const inputs = response.hasInputs() ? fromStruct(response.getInputs()) : undefined;
            return { id: response.getId(), outputs: fromStruct(response.getProperties()), inputs };
        });
    }

    async delete(old: ResourceState) {
        const request = this.place(new pb.DeleteRequest(), old.urn, old.type);
        request.setId(old.id ?? "");
        request.setOldInputs(toStruct(withoutAssetContents(old.inputs)));
        request.setProperties(toStruct(withoutAssetContents(old.outputs)));
        request.setTimeout(old.customTimeouts?.delete ?? 0);
        await this.plugin.call("delete", request);
    }

    /** Resolves to `undefined` in a preview with an unknown provider configuration. */
    async construct(request: pb.ConstructRequest): Promise<pb.ConstructResponse | undefined> {
        return this.configured ? this.plugin.call("construct", request) : undefined;
    }

    async invoke(token: string, args: Properties): Promise<pb.InvokeResponse> {
        const request = new pb.InvokeRequest();
        request.setTok(token);
        request.setArgs(toStruct(args));
        request.setPreview(this.preview);
        return this.plugin.call("invoke", request);
    }

    private place<R extends { setUrn(v: string): unknown; setName(v: string): unknown; setType(v: string): unknown }>(
        request: R,
        urn: string,
        type: string,
    ): R {
        request.setUrn(urn);
        request.setName(nameOf(urn));
        request.setType(type);
        return request;
    }
}

function checked(response: pb.CheckResponse): Checked {
    const failures = response.getFailuresList();
    return {
        inputs: fromStruct(response.getInputs()),
        failures: failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
    };
}

function difference(response: pb.DiffResponse): Difference {
    const detailed: DetailedDiff = {};
    response.getDetaileddiffMap().forEach((property, path) => {
        detailed[path] = { diffKind: KINDS[property.getKind()] ?? "update", inputDiff: property.getInputdiff() };
    });
    const changes = response.getChanges();
    const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
    return {
        changed: changes === DIFF_SOME ? true : changes === DIFF_NONE ? false : undefined,
        replaces: response.getReplacesList(),
        diffs: response.getDiffsList(),
        detailed: response.getHasdetaileddiff() ? detailed : undefined,
        deleteBeforeReplace: response.getDeletebeforereplace(),
    };
}

/** Turns ErrorResourceInitFailed into a result with a failure. */
async function partial(call: () => Promise<Applied>): Promise<Applied> {
    try {
        return await call();
    } catch (error) {
        if (!(error instanceof CallError) || error.partial === undefined) throw error;
        const { id, properties, inputs, reasons } = error.partial;
        return { id, outputs: properties, inputs, failure: reasons };
    }
}
