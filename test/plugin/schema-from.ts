import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";

/** The schema that a provider on this port of this machine returns. */
export async function schemaFrom(port: number): Promise<{ name: string; version: string }> {
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    try {
        return await new Promise((resolve, reject) =>
            client.getSchema(new GetSchemaRequest(), (error, response) =>
                error === null ? resolve(JSON.parse(response.getSchema())) : reject(error),
            ),
        );
    } finally {
        client.close();
    }
}
