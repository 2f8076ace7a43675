import type { ServiceError } from "@grpc/grpc-js";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import { initFailureOf, struct } from "../protocol/client";
import { hashesOnly, withHashes } from "./assets";

export type Json = Record<string, unknown>;

/** The part of a provider that Deployment needs. */
export interface Caller {
    /** Assets with relative paths are read from `options.directory`. */
    readonly options: { directory: string };
    // biome-ignore lint/suspicious/noExplicitAny: the response's type depends on the method's name.
    call<T = any>(method: string, request: unknown): Promise<T>;
}

/**
 * An error of an operation, with the text that the engine would print. `isPartial`: the host was changed and the error
 * carried a state (ErrorResourceInitFailed).
 */
export class Failed extends Error {
    constructor(
        message: string,
        readonly isPartial: boolean,
    ) {
        super(message);
    }
}

export interface Outcome {
    /** `replace` creates the new object before it deletes the old one. */
    operation: "create" | "update" | "same" | "replace" | "replace, the old one first";
    /** Kinds of the detailed diff by path; "of output" is appended where no input differs. */
    diff: Record<string, string>;
}

/** One resource of a stack with its state. Its methods make the calls that the engine makes. */
export class Deployment {
    id = "";
    inputs: Json = {};
    outputs: Json = {};
    initErrors: string[] = [];
    /** The resource option customTimeouts, for all operations; 0 means none. */
    timeoutSeconds = 0;

    constructor(
        private readonly provider: Caller,
        readonly urn: string,
    ) {}

    /** Check; a failure of it ends the run. */
    async check(program: Json): Promise<Json> {
        const request = new pb.CheckRequest();
        request.setUrn(this.urn);
        request.setOlds(struct(this.inputs));
        request.setNews(struct(withHashes(program, this.provider.options.directory)));
        const response = await this.call<pb.CheckResponse>("check", request);
        const failures = response.getFailuresList().map((failure) => failure.getReason());
        if (failures.length > 0) throw new Failed(failures.join("\n"), false);
        return fields(response.getInputs());
    }

    /** Check, Diff and the preview of Create or Update; `properties` are the outputs that the preview knows. */
    async preview(program: Json): Promise<Outcome & { properties: Json }> {
        const news = await this.check(program);
        const { operation, diff } = await this.plan(news);
        if (operation === "same") return { operation, diff, properties: this.outputs };
        if (operation !== "create" && operation !== "update") {
            const properties = await this.fresh().preview(program);
            return { ...properties, operation, diff };
        }
        return { operation, diff, properties: await this.apply(operation, news, true) };
    }

    /** `pulumi up` of the resource alone: the preview, then the operation. */
    async up(program: Json): Promise<Outcome> {
        await this.preview(program);
        const news = await this.check(program);
        const outcome = await this.plan(news);
        if (outcome.operation === "same") {
            this.inputs = news;
            return outcome;
        }
        if (outcome.operation !== "create" && outcome.operation !== "update") {
            await this.replace(program, outcome.operation);
            return outcome;
        }
        try {
            this.outputs = await this.apply(outcome.operation, news, false);
        } catch (error) {
            const init = initFailureOf(error as ServiceError);
            if (init === undefined) throw error;
            this.id = init.id;
            this.outputs = init.properties ?? {};
            // After a partial update the engine keeps the old inputs.
            if (outcome.operation === "create") this.inputs = news;
            this.initErrors = init.reasons;
            throw new Failed(init.reasons.join("\n"), true);
        }
        this.inputs = news;
        this.initErrors = [];
        return outcome;
    }

    /** Check and Diff, without an operation. */
    async diff(program: Json): Promise<Outcome> {
        return this.plan(await this.check(program));
    }

    /** `pulumi refresh`: false when the object doesn't exist. Faults that Read found become `initErrors`. */
    async refresh(): Promise<boolean> {
        const request = new pb.ReadRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setInputs(struct(hashesOnly(this.inputs)));
        request.setProperties(struct(hashesOnly(this.outputs)));
        try {
            const response = await this.call<pb.ReadResponse>("read", request);
            if (response.getId() === "") {
                this.forget();
                return false;
            }
            this.initErrors = [];
            this.id = response.getId();
            this.inputs = fields(response.getInputs());
            this.outputs = fields(response.getProperties());
        } catch (error) {
            const init = initFailureOf(error as ServiceError);
            if (init === undefined) throw error;
            this.initErrors = init.reasons;
            this.inputs = init.inputs ?? {};
            this.outputs = init.properties ?? {};
        }
        return true;
    }

    /** `pulumi import`: Read with nothing but the id; false when there is no such object. */
    import(id: string): Promise<boolean> {
        this.id = id;
        return this.refresh();
    }

    async destroy(): Promise<void> {
        const request = new pb.DeleteRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setProperties(struct(hashesOnly(this.outputs)));
        await this.call("delete", request);
        this.forget();
    }

    /** The same URN without a state, for the new object of a replacement. */
    private fresh(): Deployment {
        const made = new Deployment(this.provider, this.urn);
        made.timeoutSeconds = this.timeoutSeconds;
        return made;
    }

    private async replace(program: Json, operation: Outcome["operation"]): Promise<void> {
        const old = Object.assign(this.fresh(), { id: this.id, inputs: this.inputs, outputs: this.outputs });
        const made = this.fresh();
        if (operation === "replace, the old one first") await this.destroy();
        await made.up(program);
        const { id, inputs, outputs, initErrors } = made;
        Object.assign(this, { id, inputs, outputs, initErrors });
        if (operation === "replace") await old.destroy();
    }

    private forget(): void {
        this.id = "";
        this.inputs = {};
        this.outputs = {};
        this.initErrors = [];
    }

    private async plan(news: Json): Promise<Outcome> {
        if (this.id === "") return { operation: "create", diff: {} };
        const request = new pb.DiffRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setOlds(struct(hashesOnly(this.outputs)));
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setNews(struct(hashesOnly(news)));
        const response = await this.call<pb.DiffResponse>("diff", request);
        const kinds = Object.keys(pb.PropertyDiff.Kind);
        const diff: Record<string, string> = {};
        response.getDetaileddiffMap().forEach((property: pb.PropertyDiff, path: string) => {
            diff[path] = `${kinds[property.getKind()]}${property.getInputdiff() ? "" : " of output"}`;
        });
        if (response.getReplacesList().length > 0)
            return { operation: response.getDeletebeforereplace() ? "replace, the old one first" : "replace", diff };
        const isSame = response.getChanges() !== pb.DiffResponse.DiffChanges.DIFF_SOME && this.initErrors.length === 0;
        return { operation: isSame ? "same" : "update", diff };
    }

    private async apply(operation: "create" | "update", news: Json, preview: boolean): Promise<Json> {
        const request = operation === "create" ? new pb.CreateRequest() : new pb.UpdateRequest();
        request.setUrn(this.urn);
        request.setPreview(preview);
        request.setTimeout(this.timeoutSeconds);
        if (request instanceof pb.CreateRequest) {
            request.setProperties(struct(news));
            const response = await this.call<pb.CreateResponse>("create", request);
            if (!preview) this.id = response.getId();
            return fields(response.getProperties());
        }
        request.setId(this.id);
        request.setOlds(struct(hashesOnly(this.outputs)));
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setNews(struct(news));
        return fields((await this.call<pb.UpdateResponse>("update", request)).getProperties());
    }

    private async call<T>(method: string, request: unknown): Promise<T> {
        try {
            return await this.provider.call<T>(method, request);
        } catch (error) {
            if (initFailureOf(error as ServiceError) !== undefined) throw error;
            throw new Failed((error as ServiceError).details, false);
        }
    }
}

/** A FileAsset as a program sends it. */
export const fileAsset = (path: string) => ({ [SIGNATURE_KEY]: SIGNATURE.asset, path });

/** A state as text, without its secrets, which the engine encrypts. */
export function plainText(state: unknown): string {
    return JSON.stringify(state, (_, value) =>
        value !== null && typeof value === "object" && value[SIGNATURE_KEY] === SIGNATURE.secret ? "[secret]" : value,
    );
}

/** The error of an operation that must fail. */
export async function failure(run: Promise<unknown>): Promise<Failed> {
    const error = await run.then(
        () => new Error("it succeeded"),
        (thrown: unknown) => thrown,
    );
    if (error instanceof Failed) return error;
    throw error;
}

function fields(struct: { toJavaScript(): unknown } | undefined): Json {
    return (struct?.toJavaScript() ?? {}) as Json;
}
