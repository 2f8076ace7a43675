import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const hosts = config.getObject<string[]>("hosts") ?? ["web1", "web2", "web3"];

const greeter = new portable.PortableService("greeter", {
    version: config.get("version") ?? "1.0",
    source: {
        files: {
            units: ["units/greeter@.service", "units/greeter.socket"],
            tree: { "/usr/bin/greeter": { asset: new pulumi.asset.FileAsset("bin/greeter"), mode: "0755" } },
        },
    },
    // A release that does not answer like this is rolled back, and reaches no other host.
    health: { http: { port: 8080, body: "^Hello from " }, timeoutSeconds: 5 },
    connections: Object.fromEntries(hosts.map((host) => [host, { host }])),
    waves: { canary: 1, batchSize: 5 },
});

/** The image that is running on each host. */
export const serving = greeter.hosts.apply((all) =>
    Object.fromEntries(Object.entries(all).map(([host, { serving }]) => [host, serving])),
);
