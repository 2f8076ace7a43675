import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

const image = new portable.PortableImage("web", {
    version: "1.0",
    source: {
        files: {
            units: ["units/web.service", "units/web.socket"],
            tree: { "/opt/app/server.js": { asset: new pulumi.asset.FileAsset("app/server.js") } },
            runtime: { node: { version: "24.11.0" } }, // at /usr/bin/node, with the libraries that it needs
        },
    },
    connection,
});

const service = new portable.AttachedService("web", {
    image: image.path,
    units: { "web.service": { presets: ["jit"] } }, // Node.js makes code while it runs; the rest of the sandbox stays
    dropIns: [
        {
            unit: "web.service",
            sections: { Service: { Environment: { GREETING: config.get("greeting") ?? "Hello" } } },
        },
    ],
    connection,
});

export const units = service.unitStates;
