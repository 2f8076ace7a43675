import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { faultyProvider } from "./provider";

/** A provider with faults on demand, for the scenarios. */
const server = new Server();
server.addService(ResourceProviderService, faultyProvider());
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
});
process.on("SIGINT", () => process.exit(0));
// Standard input ends when the engine is killed.
process.stdin.on("end", () => process.exit(0)).resume();
