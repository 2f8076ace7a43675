import type { MethodDefinition } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { definition } from "../../provider/protocol/service";

test("each method is at the path and takes the message that the SDK says", () => {
    expect(Object.keys(definition)).toHaveLength(16);
    for (const [name, { path, requestDeserialize }] of Object.entries(definition)) {
        const ofSdk = ResourceProviderService[name] as MethodDefinition<unknown, unknown>;
        expect(path).toBe(ofSdk.path);
        expect(requestDeserialize(Buffer.alloc(0))).toStrictEqual(ofSdk.requestDeserialize(Buffer.alloc(0)));
    }
});
