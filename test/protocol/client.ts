import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { credentials, Metadata, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type ProviderServer, serve } from "../../provider/protocol/server";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import { Workshop } from "./widget";

type Json = Record<string, unknown>;

export const URN = "urn:pulumi:dev::proj::test:index:Widget::w";
export const secret = (value: unknown) => ({ [SIGNATURE_KEY]: SIGNATURE.secret, value });
export const struct = (value: Json) => Struct.fromJavaScript(value as Parameters<typeof Struct.fromJavaScript>[0]);

/** Listens on a free port of this machine. */
export async function listen(listener = createServer()) {
    await once(listener.listen(0, "127.0.0.1"), "listening");
    return { listener, port: (listener.address() as AddressInfo).port };
}

/** Makes the engine's calls to a provider, with plain objects. */
export class Client {
    private constructor(
        private readonly server: ProviderServer,
        private readonly grpc: ResourceProviderClient,
    ) {}

    static async start(workshop: Pick<Workshop, "package" | "pool">, engineAddress?: string): Promise<Client> {
        const load = async () => ({ package: workshop.package, pool: workshop.pool });
        const { listener, port } = await listen();
        const server = serve(listener, load);
        if (engineAddress !== undefined) server.attach(engineAddress);
        return new Client(server, new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure()));
    }

    async stop(): Promise<void> {
        await this.server.stop();
        this.grpc.close();
    }

    // biome-ignore lint/suspicious/noExplicitAny: one helper for every method of the generated client.
    async call<T = any>(method: string, request: unknown): Promise<T> {
        return new Promise((resolve, reject) => {
            // biome-ignore lint/suspicious/noExplicitAny: the method is only known at run time.
            (this.grpc as any)[method](request, (error: ServiceError | null, response: T) =>
                error === null ? resolve(response) : reject(error),
            );
        });
    }

    async configure(args: Json): Promise<void> {
        const request = new pb.ConfigureRequest();
        request.setArgs(struct(args));
        await this.call("configure", request);
    }

    async check(news: Json, method: "check" | "checkConfig" = "check"): Promise<{ inputs: Json; failures: string[] }> {
        const request = new pb.CheckRequest();
        request.setUrn(URN);
        request.setNews(struct(news));
        const response = await this.call<pb.CheckResponse>(method, request);
        expect(response.getFailuresList().map((failure) => failure.getProperty())).toEqual(
            response.getFailuresList().map(() => ""),
        );
        return {
            inputs: response.getInputs()?.toJavaScript() ?? {},
            failures: response.getFailuresList().map((failure) => failure.getReason()),
        };
    }

    async diff(args: { oldInputs: Json; news: Json; olds?: Json; ignore?: string[] }, method = "diff") {
        const request = new pb.DiffRequest();
        request.setId("w-1");
        request.setUrn(URN);
        request.setOlds(struct(args.olds ?? args.oldInputs));
        request.setOldInputs(struct(args.oldInputs));
        request.setNews(struct(args.news));
        request.setIgnorechangesList(args.ignore ?? []);
        const response = await this.call<pb.DiffResponse>(method, request);
        const names = Object.keys(pb.PropertyDiff.Kind);
        const detailed: Record<string, string> = {};
        response.getDetaileddiffMap().forEach((property: pb.PropertyDiff, path: string) => {
            detailed[path] = `${names[property.getKind()]}${property.getInputdiff() ? "" : " of output"}`;
        });
        expect(response.getHasdetaileddiff()).toBe(true);
        return {
            changes: response.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
            diffs: response.getDiffsList(),
            replaces: response.getReplacesList(),
            deleteBeforeReplace: response.getDeletebeforereplace(),
            detailed,
        };
    }

    async create(
        properties: Json,
        { preview = false, timeoutSeconds = 0 } = {},
    ): Promise<{ id: string; properties: Json }> {
        const request = new pb.CreateRequest();
        request.setUrn(URN);
        request.setProperties(struct(properties));
        request.setPreview(preview);
        request.setTimeout(timeoutSeconds);
        const response = await this.call<pb.CreateResponse>("create", request);
        return { id: response.getId(), properties: response.getProperties()?.toJavaScript() ?? {} };
    }

    async update(args: { oldInputs: Json; olds: Json; news: Json }, { preview = false } = {}): Promise<Json> {
        const request = new pb.UpdateRequest();
        request.setId("w-1");
        request.setUrn(URN);
        request.setOlds(struct(args.olds));
        request.setOldInputs(struct(args.oldInputs));
        request.setNews(struct(args.news));
        request.setPreview(preview);
        return (await this.call<pb.UpdateResponse>("update", request)).getProperties()?.toJavaScript() ?? {};
    }

    async read(id: string, args: { inputs?: Json; properties?: Json } = {}) {
        const request = new pb.ReadRequest();
        request.setId(id);
        request.setUrn(URN);
        request.setInputs(struct(args.inputs ?? {}));
        request.setProperties(struct(args.properties ?? {}));
        const response = await this.call<pb.ReadResponse>("read", request);
        return {
            id: response.getId(),
            inputs: response.getInputs()?.toJavaScript(),
            properties: response.getProperties()?.toJavaScript(),
        };
    }

    async delete(id: string, args: { inputs: Json; properties: Json }): Promise<void> {
        const request = new pb.DeleteRequest();
        request.setId(id);
        request.setUrn(URN);
        request.setOldInputs(struct(args.inputs));
        request.setProperties(struct(args.properties));
        await this.call("delete", request);
    }

    async cancel(): Promise<void> {
        await this.call("cancel", new Empty());
    }
}

/** Message and ErrorResourceInitFailed of a call that must fail. */
export async function failureOf(
    call: Promise<unknown>,
): Promise<{ message: string; init?: ReturnType<typeof initFailureOf> }> {
    const error = await call.then(
        () => {
            throw new Error("the call succeeded");
        },
        (thrown: ServiceError) => thrown,
    );
    const init = initFailureOf(error);
    return { message: error.details, ...(init === undefined ? {} : { init }) };
}

/** The ErrorResourceInitFailed in an error; undefined if it has none. */
export function initFailureOf(error: ServiceError) {
    const [packed] = (error.metadata ?? new Metadata()).get("grpc-status-details-bin");
    if (packed === undefined) return undefined;
    const [any] = Status.deserializeBinary(packed as Buffer).getDetailsList();
    expect(any?.getTypeName()).toBe("pulumirpc.ErrorResourceInitFailed");
    const detail = pb.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() as Uint8Array);
    return {
        id: detail.getId(),
        reasons: detail.getReasonsList(),
        properties: detail.getProperties()?.toJavaScript(),
        inputs: detail.getInputs()?.toJavaScript(),
    };
}

/** An engine that only collects log messages. */
export async function startEngine(): Promise<{ address: string; logs: LogRequest.AsObject[]; stop(): void }> {
    const logs: LogRequest.AsObject[] = [];
    const server = new Server();
    server.addService(EngineService, {
        log: (call: { request: LogRequest }, answer: (error: null, response: Empty) => void) => {
            logs.push(call.request.toObject());
            answer(null, new Empty());
        },
    });
    const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
            error ? reject(error) : resolve(bound),
        ),
    );
    return { address: `127.0.0.1:${port}`, logs, stop: () => server.forceShutdown() };
}

/** Registers hooks that start a provider for each test. The returned object has those of the current test. */
export function freshClient(): { workshop: Workshop; client: Client } {
    const current = {} as { workshop: Workshop; client: Client };
    beforeEach(async () => {
        current.workshop = new Workshop();
        current.client = await Client.start(current.workshop);
    });
    afterEach(() => current.client.stop());
    return current;
}
