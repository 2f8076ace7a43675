import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
    Metadata,
    type ServerUnaryCall,
    type sendUnaryData,
    status,
    type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { differences } from "./differences";
import { constructPair } from "./pair";

type Properties = Record<string, JavaScriptValue>;
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const cancellation = new AbortController();
const cancelled = new Promise<void>((resolve) => {
    cancellation.signal.addEventListener("abort", () => resolve());
});
/** Reference of the provider resource that this process belongs to. */
let reference = "";

/**
 * `faulty:index:Thing`: a JSON file in $FAULTY_DIR that is named after its id. Inputs: `content`, `nested`, `key` (a
 * change replaces), `password` (a secret), `asset`. Outputs: the inputs, with `content` from the file. A change of the
 * provider's `account` replaces it. $FAULTY_DIR/faults.json has faults by operation and name:
 * `{"create a": "before" | "after" | "wait", "read a": "unhealthy" | "stopped" | "before", "delete a": "before"}`.
 */
export function faultyProvider(): UntypedServiceImplementation {
    return { ...configuration, ...decisions, ...operations };
}

const configuration = {
    handshake: unary(() => {
        const response = new pb.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        response.setAcceptResources(true);
        response.setAcceptOutputs(true);
        return response;
    }),
    getPluginInfo: unary(() => {
        const info = new PluginInfo();
        info.setVersion("0.1.0");
        return info;
    }),
    getSchema: unary(() => {
        const response = new pb.GetSchemaResponse();
        response.setSchema(JSON.stringify({ name: "faulty", version: "0.1.0" }));
        return response;
    }),
    checkConfig: unary((request: pb.CheckRequest) => {
        const response = new pb.CheckResponse();
        response.setInputs(request.getNews());
        return response;
    }),
    diffConfig: unary((request: pb.DiffRequest) => {
        const response = new pb.DiffResponse();
        if (object(request.getOldInputs()).account === object(request.getNews()).account) return response;
        response.setChanges(pb.DiffResponse.DiffChanges.DIFF_SOME);
        response.setReplacesList(["account"]);
        return response;
    }),
    configure: unary((request: pb.ConfigureRequest) => {
        reference = `${request.getUrn()}::${request.getId()}`;
        const response = new pb.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setAcceptresources(true);
        response.setAcceptoutputs(true);
        response.setSupportspreview(true);
        return response;
    }),
    construct: unary((request: pb.ConstructRequest) => constructPair(request, reference, cancellation.signal)),
    invoke: unary((request: pb.InvokeRequest) => {
        const response = new pb.InvokeResponse();
        response.setReturn(Struct.fromJavaScript({ echo: object(request.getArgs()) }));
        return response;
    }),
    cancel: unary(() => {
        cancellation.abort();
        return new Empty();
    }),
    attach: unary(() => new Empty()),
};

const decisions = {
    check: unary((request: pb.CheckRequest) => {
        const news = object(request.getNews());
        const response = new pb.CheckResponse();
        if (news.content === "refused") {
            const failure = new pb.CheckFailure();
            failure.setProperty("content");
            failure.setReason("it must not be 'refused'");
            response.addFailures(failure);
        }
        if (typeof news.password === "string") news.password = { ...SECRET, value: news.password };
        response.setInputs(Struct.fromJavaScript(news));
        return response;
    }),
    diff: unary((request: pb.DiffRequest) => {
        const response = new pb.DiffResponse();
        const found = differences(object(request.getOldInputs()), object(request.getNews()));
        const drifted = object(request.getOlds()).content !== object(request.getOldInputs()).content;
        if (drifted && !found.some(({ path }) => path === "content")) {
            found.push({ path: "content", kind: "UPDATE", input: false });
        }
        if (object(request.getOlds()).active === false) found.push({ path: "active", kind: "UPDATE", input: false });
        for (const { path, kind, input } of found) {
            const replaces = path === "key";
            const property = new pb.PropertyDiff();
            property.setKind(pb.PropertyDiff.Kind[replaces ? (`${kind}_REPLACE` as "UPDATE_REPLACE") : kind]);
            property.setInputdiff(input);
            response.getDetaileddiffMap().set(path, property);
            if (replaces) response.addReplaces("key");
        }
        response.setDiffsList([...new Set(found.map(({ path }) => path.split(/[.[]/)[0] as string))]);
        response.setHasdetaileddiff(true);
        response.setChanges(
            found.length > 0 ? pb.DiffResponse.DiffChanges.DIFF_SOME : pb.DiffResponse.DiffChanges.DIFF_NONE,
        );
        return response;
    }),
};

const operations = {
    create: unary(async (request: pb.CreateRequest) => {
        const inputs = object(request.getProperties());
        const name = nameOf(request.getUrn());
        const id = request.getPreview() ? "" : `${name}-${inputs.key ?? "0"}`;
        if (!request.getPreview()) await write("create", name, id, inputs);
        const response = new pb.CreateResponse();
        response.setId(id);
        response.setProperties(Struct.fromJavaScript({ ...inputs, active: true }));
        return response;
    }),
    update: unary(async (request: pb.UpdateRequest) => {
        const inputs = object(request.getNews());
        if (!request.getPreview()) await write("update", nameOf(request.getUrn()), request.getId(), inputs);
        const response = new pb.UpdateResponse();
        response.setProperties(Struct.fromJavaScript({ ...inputs, active: true }));
        return response;
    }),
    read: unary((request: pb.ReadRequest) => {
        const fault = faultOf("read", nameOf(request.getUrn()));
        if (fault === "before") throw new Error("cannot reach the host");
        const response = new pb.ReadResponse();
        if (!existsSync(file(request.getId()))) return response;
        const found = JSON.parse(readFileSync(file(request.getId()), "utf8")) as Properties;
        const properties: Properties = { ...object(request.getProperties()), active: fault !== "stopped" };
        if (found.content !== undefined) properties.content = found.content;
        if (fault === "unhealthy")
            throw initFailed(request.getId(), properties, "it is not healthy", request.getInputs());
        response.setId(request.getId());
        response.setProperties(Struct.fromJavaScript(properties));
        response.setInputs(request.getInputs());
        return response;
    }),
    delete: unary(async (request: pb.DeleteRequest) => {
        const fault = faultOf("delete", nameOf(request.getUrn()));
        if (fault === "before") throw new Error("it is in use");
        rmSync(file(request.getId()), { force: true });
        return new Empty();
    }),
};

async function write(operation: string, name: string, id: string, inputs: Properties) {
    const fault = faultOf(operation, name);
    if (fault === "before") throw new Error(`${operation} of ${name} was refused`);
    mkdirSync(directory(), { recursive: true });
    writeFileSync(file(id), JSON.stringify(inputs));
    if (fault === "wait") {
        writeFileSync(join(directory(), "waiting"), "");
        await cancelled;
        throw new Error(`${operation} of ${name} was cancelled`);
    }
    if (fault === "after") throw initFailed(id, inputs, `${name} does not start`);
}

function initFailed(id: string, properties: Properties, reason: string, inputs?: Struct) {
    const detail = new pb.ErrorResourceInitFailed();
    detail.setId(id);
    detail.setProperties(Struct.fromJavaScript(properties));
    detail.setReasonsList([reason]);
    if (inputs) detail.setInputs(inputs);
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const rich = new Status();
    rich.setCode(status.UNKNOWN);
    rich.setMessage(reason);
    rich.addDetails(any);
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
    return { code: status.UNKNOWN, details: reason, metadata };
}

const directory = () => process.env.FAULTY_DIR ?? ".";
const file = (id: string) => join(directory(), `${id}.json`);
const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
const object = (struct: Struct | undefined) => (struct?.toJavaScript() ?? {}) as Properties;

function faultOf(operation: string, name: string): string | undefined {
    const path = join(directory(), "faults.json");
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8"))[`${operation} ${name}`] : undefined;
}

function unary<Q, A>(answer: (request: Q) => A | Promise<A>) {
    return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => {
        Promise.resolve()
            .then(() => answer(call.request))
            .then(
                (response) => callback(null, response),
                (thrown) =>
                    callback(thrown instanceof Error ? { code: status.UNKNOWN, details: thrown.message } : thrown),
            );
    };
}
