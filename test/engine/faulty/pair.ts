import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { WireValue, wireMembers } from "../../../provider/protocol/carried";
import { Monitor } from "../../../provider/protocol/monitor";

type Properties = Record<string, JavaScriptValue>;

/** `faulty:index:Pair`: a Thing with the pair's inputs, and then a Thing with the content of the first. */
export async function constructPair(
    request: pb.ConstructRequest,
    provider: string,
    signal: AbortSignal,
): Promise<pb.ConstructResponse> {
    const monitor = new Monitor(request, signal);
    try {
        const urn = await monitor.registerComponent();
        const resource = (name: string, inputs: Properties, propertyDependencies: Record<string, string[]>) =>
            monitor.registerChild({
                type: "faulty:index:Thing",
                name: `${request.getName()}-${name}`,
                parent: urn,
                inputs,
                dependencies: [
                    ...new Set([...request.getDependenciesList(), ...Object.values(propertyDependencies).flat()]),
                ],
                propertyDependencies,
                ignoreChanges: request.getIgnorechangesList(),
                replaceOnChanges: [],
                provider,
            });
        const entries = Object.entries((request.getInputs()?.toJavaScript() ?? {}) as Properties).map(
            ([name, raw]) => [name, new WireValue(raw)] as const,
        );
        const sources = entries.map(([name, value]) => [name, value.allDependencies()]);
        const first = await resource("first", wireMembers(Object.fromEntries(entries)), Object.fromEntries(sources));
        const content = first.outputs.content ?? "";
        const second = await resource("second", { content }, { content: [first.urn] });
        const outputs = { content: second.outputs.content ?? "", password: first.outputs.password ?? "" };
        await monitor.registerOutputs(urn, outputs);
        const response = new pb.ConstructResponse();
        response.setUrn(urn);
        response.setState(Struct.fromJavaScript(outputs));
        return response;
    } finally {
        monitor.close();
    }
}
