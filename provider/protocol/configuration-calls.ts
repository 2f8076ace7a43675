import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as z from "zod";
import { environment } from "../environment";
import { failureText, located, throwFailures } from "../errors";
import { connectionWithEnvironment } from "../host/merge-connection";
import { markedPaths, shapeOf } from "../schema/shape";
import { entries, isRecord, isWithin, type Path } from "../schema/values";
import { Call } from "./call";
import { type Decoded, decode, decodeValue } from "./decode";
import { diffInputs, diffResponse } from "./diff";
import { encode } from "./encode";
import { SecretPaths } from "./secrets";
import type { EngineSession } from "./session";
import { validate } from "./validate";

export async function checkConfig(session: EngineSession, request: pb.CheckRequest): Promise<pb.CheckResponse> {
    const served = await session.served();
    const { value, secrets } = decodeConfiguration(served.package.configuration, request.getNews());
    fillConnection(value, { withSecrets: false });
    const properties = [{ value, secrets: secretsInTexts(served.package.configuration, value, secrets) }];
    const call = new Call(session, served, {
        urn: request.getUrn(),
        operation: "configure",
        timeoutSeconds: 0,
        properties,
    });
    return call.run(async () => {
        const failures = validate(served.package.configuration, withoutEngineFields(value)).map((failure) => {
            const message = new pb.CheckFailure();
            message.setReason(call.redact(failureText(failure)));
            return message;
        });
        const response = new pb.CheckResponse();
        response.setInputs(encode(value, (path) => secrets.covers(path)));
        response.setFailuresList(failures);
        return response;
    });
}

export async function diffConfig(session: EngineSession, request: pb.DiffRequest): Promise<pb.DiffResponse> {
    const { configuration } = (await session.served()).package;
    const olds = request.hasOldInputs() ? request.getOldInputs() : request.getOlds();
    // A change of the configuration replaces nothing by itself: each resource's Diff finds out whether its host has changed.
    const changes = diffInputs({
        schema: z.unknown(),
        oldInputs: withoutEngineFields(decodeConfiguration(configuration, olds).value),
        inputs: withoutEngineFields(decodeConfiguration(configuration, request.getNews()).value),
        deployed: {},
        derived: {},
        ignoreChanges: request.getIgnorechangesList(),
        canonical: (inputs) => inputs,
        replaces: [],
        drift: [],
    });
    return diffResponse(changes);
}

export async function configure(session: EngineSession, request: pb.ConfigureRequest): Promise<pb.ConfigureResponse> {
    const { configuration } = (await session.served()).package;
    const { value, secrets } = decodeConfiguration(configuration, request.getArgs());
    const [urn, id] = [request.getUrn(), request.getId()];
    if (urn && id) session.reference = `${urn}::${id}`;
    const complete: Record<string, unknown> = { ...fromEnvironment(configuration), ...withoutEngineFields(value) };
    fillConnection(complete, { withSecrets: true });
    session.configuration = {
        value: complete,
        secrets: secretsOf(configuration, complete, secretsInTexts(configuration, value, secrets)),
    };
    await located({ resource: "Provider configuration" }, async () =>
        throwFailures(validate(configuration, complete), "the configuration isn't valid"),
    );
    const response = new pb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    response.setAcceptresources(true);
    response.setAcceptoutputs(true);
    return response;
}

/** Decodes provider configuration, whose values are strings: other types than strings arrive as JSON. */
function decodeConfiguration(schema: z.ZodObject, struct: Struct | undefined): Decoded {
    const { value, secrets } = decode(struct);
    const found = new SecretPaths(secrets);
    for (const [name, member] of Object.entries(schema.shape)) {
        if (typeof value[name] === "string") value[name] = parseText(member, value[name], [name], found);
    }
    return { value, secrets: secretsOf(schema, value, found) };
}

function parseText(schema: z.core.$ZodType, text: string, path: string[], secrets: SecretPaths): unknown {
    const { def } = shapeOf(schema);
    if (def.type === "string" || def.type === "enum" || def.type === "literal") return text;
    try {
        return decodeValue(JSON.parse(text), path, secrets);
    } catch {
        return text;
    }
}

function secretsOf(schema: z.ZodObject, value: Record<string, unknown>, secrets: SecretPaths): SecretPaths {
    return new SecretPaths([...secrets, ...markedPaths(schema, value, "secret")]);
}

/**
 * The secrets to remove from texts. The engine marks a whole object as secret if one value in it is. If it has fields that the
 * schema marks as secret, only those are removed, so that messages still name the host.
 */
function secretsInTexts(schema: z.ZodObject, value: Record<string, unknown>, secrets: SecretPaths): SecretPaths {
    const marked = [...markedPaths(schema, value, "secret")];
    const isMeant = (path: Path) => !marked.some((field) => field.length > path.length && isWithin(field, path));
    return new SecretPaths([...[...secrets].filter(isMeant), ...marked]);
}

/** The configuration without the engine's own fields. */
function withoutEngineFields(value: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(value).filter(
            ([name]) => !["version", "pluginDownloadURL"].includes(name) && !name.startsWith("__"),
        ),
    );
}

/**
 * Completes the default connection from the environment. Check stores the fields that identify the host, so that another host
 * is a change. Credentials are read by each process and never stored.
 */
function fillConnection(configuration: Record<string, unknown>, options: { withSecrets: boolean }): void {
    const { connection } = configuration;
    if (connection !== undefined && !isRecord(connection)) return;
    const filled = connectionWithEnvironment(connection, { environment: environment(), ...options });
    if (filled !== undefined) configuration.connection = filled;
}

function fromEnvironment(schema: z.ZodObject): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const [name, member] of entries(schema.shape) as [string, z.core.$ZodType][]) {
        const variable = shapeOf(member).environment?.find((name) => environment()[name]);
        if (variable !== undefined) {
            found[name] = parseText(member, environment()[variable] ?? "", [name], new SecretPaths());
        }
    }
    return found;
}
