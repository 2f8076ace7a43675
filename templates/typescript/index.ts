import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.require("host") };

const image = new portable.PortableImage("web", {
    version: "1.0",
    source: {
        files: {
            units: ["units/web.service", "units/web.socket"],
            runtime: { node: { version: "24.11.0" } },
            tree: { "/opt/app": { asset: new pulumi.asset.FileArchive("app") } },
        },
    },
    connection,
});

const service = new portable.AttachedService("web", {
    image: image.path,
    units: { "web.service": { presets: ["jit"] } }, // Node.js writes machine code
    dropIns: [{ unit: "web.service", sections: { Service: { Environment: { NAME: config.get("name") ?? "World" } } } }],
    health: { http: { port: 8080 } },
    connection,
});

export const running = service.image;
