import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { failureText, UserError } from "../errors";
import { markedPaths } from "../schema/shape";
import { pathText } from "../schema/values";
import { Call } from "./call";
import { decode } from "./decode";
import { encode } from "./encode";
import { SecretPaths } from "./secrets";
import { type EngineSession, memberOf } from "./session";
import { validate } from "./validate";

export async function invoke(session: EngineSession, request: pb.InvokeRequest): Promise<pb.InvokeResponse> {
    const served = await session.served();
    const token = request.getTok();
    const called = await memberOf(served.package, served.package.functions, token);
    if (called === undefined) {
        throw new UserError({
            what: `version ${served.package.version} of the provider ${served.package.name} has no function ${token}`,
            todo: "Use the version of the provider that belongs to the SDK",
        });
    }
    const { value, secrets } = decode(request.getArgs());
    const all = new SecretPaths([...secrets, ...markedPaths(called.inputs, value, "secret")]);
    const properties = [{ value, secrets: all }];
    const call = new Call(session, served, { urn: "", operation: called.name, timeoutSeconds: 0, properties });
    return call.run(async () => {
        const response = new pb.InvokeResponse();
        const failures = validate(called.inputs, value);
        if (failures.length > 0) {
            response.setFailuresList(
                failures.map((failure) => {
                    const message = new pb.CheckFailure();
                    message.setProperty(pathText(failure.path));
                    message.setReason(call.redact(failureText(failure)));
                    return message;
                }),
            );
            return response;
        }
        const outputs = await called.invoke(call, called.inputs.parse(value));
        const secretOutputs = new SecretPaths(markedPaths(called.outputs, outputs, "secret"));
        response.setReturn(encode(outputs, (path) => secretOutputs.covers(path)));
        return response;
    });
}
