// The half of gRPC that serves. The other half is loaded with the first client: it would lengthen every start.
export { Status as status } from "@grpc/grpc-js/build/src/constants";
export { Metadata } from "@grpc/grpc-js/build/src/metadata";
export { Server } from "@grpc/grpc-js/build/src/server";
export { ServerCredentials } from "@grpc/grpc-js/build/src/server-credentials";
