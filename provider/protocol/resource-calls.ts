import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Resource } from "../contract";
import { type Failure, failureText, PartialFailure, throwFailures, UserError } from "../errors";
import type { Connection } from "../host/connection";
import { hostsOf } from "../host/merge-connection";
import { markedPaths, withDefaults } from "../schema/shape";
import { type Path, UNKNOWN } from "../schema/values";
import { Call, type CallOptions } from "./call";
import { changesBetween } from "./changes";
import type { Decoded } from "./decode";
import { diffInputs, diffResponse } from "./diff";
import { initFailure } from "./failure";
import { decodeInputs, decodeOldInputs, encodeInputs, foldChanges, type Hidden, type Unfolded } from "./fold";
import { Ignored } from "./ignored";
import { decodeState } from "./migrated";
import { SecretPaths } from "./secrets";
import { type EngineSession, memberOf } from "./session";
import { validate } from "./validate";

type Values = Record<string, unknown>;

export async function check(session: EngineSession, request: pb.CheckRequest): Promise<pb.CheckResponse> {
    const resource = await resourceOf(session, request.getUrn());
    const news = decodeInputs(resource, request.getNews());
    const call = await callOf(session, request.getUrn(), "check", 0, [news], { shownWith: news.shownWith });
    return call.run(async () => {
        const { inputs } = split(resource, news.value);
        call.warnOfIgnoredHostKey(connectionOf(news));
        const invalid = validate(resource.inputs, inputs);
        const oldInputs = decodeOldInputs(resource, request.getOlds()).value;
        const added = invalid.length > 0 ? {} : await derive(resource, call, { inputs, oldInputs }, news.secrets);
        const failures = [...invalid, ...(added.failures ?? [])];
        // In an update the engine refuses unknown derived fields before it would show the failures.
        const checked = failures.length > 0 ? inputs : { ...inputs, ...added.derived };
        const response = new pb.CheckResponse();
        response.setInputs(encodeInputs(checked, (path) => news.secrets.covers(path), news));
        response.setFailuresList(failures.map((failure) => checkFailure(failure, call)));
        return response;
    });
}

async function derive(
    resource: Resource,
    call: Call,
    { inputs, oldInputs }: { inputs: Values; oldInputs: Values },
    secrets: SecretPaths,
): Promise<{ derived?: Values; failures?: Failure[] }> {
    try {
        const filled = withDefaults(resource.inputs, inputs) as Values;
        const isSecret = (path: Path) => secrets.touches(path);
        return (await resource.check?.(call, { inputs: filled, oldInputs, isSecret })) ?? {};
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { failures: [{ path: [], what: error.message }] };
    }
}

/** The failure without its property, since the engine would print the value of a top-level property even if it is secret. */
function checkFailure(failure: Failure, call: Call): pb.CheckFailure {
    const message = new pb.CheckFailure();
    message.setReason(call.redact(failureText(failure)));
    return message;
}

export async function diff(session: EngineSession, request: pb.DiffRequest): Promise<pb.DiffResponse> {
    const resource = await resourceOf(session, request.getUrn());
    const [olds, news] = [decodeState(resource, request.getOlds()), decodeInputs(resource, request.getNews())];
    const oldInputs = request.hasOldInputs()
        ? decodeOldInputs(resource, request.getOldInputs())
        : { ...olds, shownWith: undefined };
    const call = await callOf(session, request.getUrn(), "diff", 0, [olds, oldInputs, news]);
    return call.run(async () => {
        const values = { oldInputs: oldInputs.value, oldOutputs: olds.value, inputs: news.value };
        const own = resource.diff?.({ urn: request.getUrn(), ...values }) ?? {};
        const hosts = hostsOf(
            { declared: connectionOf(oldInputs), deployed: connectionOf(olds) },
            connectionOf(news),
            session.defaultConnection,
        );
        const isOtherHost = hosts && hosts.before !== hosts.now;
        // The engine can't show a value for an input that is unset in the program.
        if (isOtherHost && connectionOf(news)?.host === undefined)
            call.info(
                `${call.label}: it is on host ${hosts.before}; the provider's configuration now names ${hosts.now}.`,
            );
        const changes = diffInputs({
            schema: resource.inputs,
            // An explicit default is no change.
            oldInputs: withDefaults(resource.inputs, oldInputs.value) as Values,
            inputs: withDefaults(resource.inputs, news.value) as Values,
            written: { oldInputs: oldInputs.value, inputs: news.value },
            deployed: olds.value,
            derived: resource.derived,
            ignoreChanges: request.getIgnorechangesList(),
            identities: resource.identities,
            canonical: (inputs) => resource.canonical?.(request.getUrn(), inputs) ?? inputs,
            replaces: [...(own.replaces ?? []), ...(isOtherHost ? [["connection", "host"]] : [])],
            drift: own.drift ?? [],
            exemptFromReplace: isOtherHost === false ? [["connection"]] : [],
        });
        const response = diffResponse(foldChanges(changes, news, oldInputs));
        response.setDeletebeforereplace(own.deleteBeforeReplace ?? false);
        return response;
    });
}

function connectionOf({ value }: Decoded): Connection | undefined {
    return value.connection as Connection | undefined;
}

export async function create(session: EngineSession, request: pb.CreateRequest): Promise<pb.CreateResponse> {
    const resource = await resourceOf(session, request.getUrn());
    const news = decodeInputs(resource, request.getProperties());
    const call = await callOf(session, request.getUrn(), "create", request.getTimeout(), [news], {
        ...hiddenOf(news),
        isPreview: request.getPreview(),
    });
    return call.run(async () => {
        const response = new pb.CreateResponse();
        const { inputs, derived } = split(resource, news.value);
        if (request.getPreview()) {
            const outputs = await preview(resource, call, { inputs, derived });
            response.setProperties(encodeState(resource, news.secrets, { ...inputs, ...outputs }));
            return response;
        }
        const parsed = parse(resource, inputs);
        const { id, outputs } = await withPartialFailure(resource, call, news, () =>
            resource.create(call, { inputs: parsed, derived }),
        );
        response.setId(id);
        response.setProperties(encodeState(resource, news.secrets, { ...inputs, ...outputs }));
        return response;
    });
}

export async function update(session: EngineSession, request: pb.UpdateRequest): Promise<pb.UpdateResponse> {
    const resource = await resourceOf(session, request.getUrn());
    const [oldState, news] = [decodeState(resource, request.getOlds()), decodeInputs(resource, request.getNews())];
    const oldInputs = decodeOldInputs(resource, request.getOldInputs());
    const properties = [oldState, oldInputs, news];
    const shown = { ...hiddenOf(news), isPreview: request.getPreview() };
    const call = await callOf(session, request.getUrn(), "update", request.getTimeout(), properties, shown);
    return call.run(async () => {
        const response = new pb.UpdateResponse();
        const id = request.getId();
        const olds = { inputs: withDefaults(resource.inputs, oldInputs.value) as Values, outputs: oldState.value };
        const { inputs, derived: fromCheck } = split(resource, news.value);
        const deployed = { ...olds.inputs, ...olds.outputs };
        const derived = new Ignored(request.getIgnorechangesList()).keepDeployed(resource.derived, deployed, fromCheck);
        if (request.getPreview()) {
            const outputs = await preview(resource, call, { inputs, derived, olds: { id, ...olds } });
            response.setProperties(encodeState(resource, news.secrets, { ...inputs, ...outputs }));
            return response;
        }
        const parsed = parse(resource, inputs);
        const { outputs } = await withPartialFailure(resource, call, news, () =>
            resource.update(call, { id, inputs: parsed, derived, olds }),
        );
        response.setProperties(encodeState(resource, news.secrets, { ...inputs, ...outputs }));
        return response;
    });
}

export async function read(session: EngineSession, request: pb.ReadRequest): Promise<pb.ReadResponse> {
    const resource = await resourceOf(session, request.getUrn());
    const state = decodeState(resource, request.getProperties());
    const inputs = decodeOldInputs(resource, request.getInputs());
    const decoded = { ...inputs, secrets: new SecretPaths([...state.secrets, ...inputs.secrets]) };
    const call = await callOf(session, request.getUrn(), "read", request.getTimeout(), [state, inputs]);
    return call.run(async () => {
        const response = new pb.ReadResponse();
        const found = await withPartialFailure(resource, call, decoded, () =>
            resource.read(call, {
                id: request.getId(),
                inputs: withDefaults(resource.inputs, inputs.value) as Values,
                outputs: state.value,
            }),
        );
        if (found === undefined) return response;
        response.setId(found.id);
        const foundInputs = asWritten(resource, inputs.value, found.inputs);
        response.setInputs(encodeState(resource, decoded.secrets, foundInputs, decoded));
        const echoed = split(resource, foundInputs).inputs;
        response.setProperties(encodeState(resource, decoded.secrets, { ...echoed, ...found.outputs }));
        return response;
    });
}

/** The found inputs without defaults that are unset in the program, which a refresh would show as added. */
function asWritten(resource: Resource, written: Values, found: Values): Values {
    // An import has no inputs of a program.
    if (Object.keys(written).length === 0) return found;
    const filled = withDefaults(resource.inputs, written) as Values;
    return Object.fromEntries(
        Object.entries(found).flatMap(([name, value]) => {
            if (changesBetween(filled[name], value).length > 0) return [[name, value]];
            return Object.hasOwn(written, name) ? [[name, written[name]]] : [];
        }),
    );
}

/** Named so because `delete` is a reserved word. */
export async function deleteResource(session: EngineSession, request: pb.DeleteRequest): Promise<Empty> {
    const resource = await resourceOf(session, request.getUrn());
    const state = decodeState(resource, request.getProperties());
    const inputs = decodeOldInputs(resource, request.getOldInputs());
    const call = await callOf(session, request.getUrn(), "delete", request.getTimeout(), [state, inputs]);
    return call.run(async () => {
        const filled = withDefaults(resource.inputs, inputs.value) as Values;
        await resource.delete(call, { id: request.getId(), inputs: filled, outputs: state.value });
        return new Empty();
    });
}

async function resourceOf(session: EngineSession, urn: string): Promise<Resource> {
    const { package: served } = await session.served();
    const type = urn.split("::")[2]?.split("$").at(-1);
    const resource = await memberOf(served, served.resources, type ?? "");
    if (resource !== undefined) return resource;
    throw new UserError({
        what: `version ${served.version} of the provider ${served.name} has no resource type ${type}`,
        todo: "Use the version of the provider that belongs to the SDK",
    });
}

async function callOf(
    session: EngineSession,
    urn: string,
    operation: string,
    timeoutSeconds: number,
    properties: Decoded[],
    shown: Pick<CallOptions, "shownWith" | "component" | "isPreview"> = {},
) {
    return new Call(session, await session.served(), { urn, operation, timeoutSeconds, properties, ...shown });
}

function hiddenOf({ shownWith, component }: Hidden): Hidden {
    return { shownWith, component };
}

/** Separates the user's inputs from the fields that Check added. */
function split(resource: Resource, values: Values): { inputs: Values; derived: Values } {
    const [inputs, derived]: [Values, Values] = [{}, {}];
    for (const [name, value] of Object.entries(values)) {
        (Object.hasOwn(resource.derived, name) ? derived : inputs)[name] = value;
    }
    return { inputs, derived };
}

async function preview(
    resource: Resource,
    call: Call,
    { inputs, ...rest }: { inputs: Values; derived: Values; olds?: { id: string; inputs: Values; outputs: Values } },
): Promise<Values> {
    const filled = withDefaults(resource.inputs, inputs) as Values;
    const unknown = Object.fromEntries(Object.keys(resource.outputs.shape).map((name) => [name, UNKNOWN]));
    return { ...unknown, ...(await resource.preview(call, { inputs: filled, ...rest })) };
}

/** Validates the inputs again, since values that were unknown in the preview couldn't be validated there. */
function parse(resource: Resource, inputs: Values): Values {
    throwFailures(validate(resource.inputs, inputs), "the inputs aren't valid");
    return resource.inputs.parse(inputs) as Values;
}

function encodeState(resource: Resource, secrets: SecretPaths, values: Values, hidden?: Hidden): Struct {
    const all = new SecretPaths([
        ...secrets,
        ...markedPaths(resource.inputs, values, "secret"),
        ...markedPaths(resource.outputs, values, "secret"),
    ]);
    return encodeInputs(values, (path) => all.covers(path), hidden);
}

/** Runs an operation. Converts a failure after a change to a gRPC error with the current state. */
async function withPartialFailure<T>(
    resource: Resource,
    call: Call,
    news: Unfolded,
    operation: () => Promise<T>,
): Promise<T> {
    try {
        return await operation();
    } catch (error) {
        if (!(error instanceof PartialFailure)) throw error;
        const inputs = error.inputs === undefined ? news.value : asWritten(resource, news.value, error.inputs);
        const interruption = call.interruption;
        throw initFailure({
            id: error.id,
            properties: encodeState(resource, news.secrets, { ...split(resource, inputs).inputs, ...error.outputs }),
            ...(error.inputs === undefined ? {} : { inputs: encodeState(resource, news.secrets, inputs, news) }),
            reasons: [...(interruption === undefined ? [] : [interruption]), ...error.reasons].map((reason) =>
                call.redact(reason),
            ),
        });
    }
}
