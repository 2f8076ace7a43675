import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

// Names that the host may have in use: `name` is the image's, and every unit in it starts with `prefix`.
const name = config.get("image") ?? "caddy";
const prefix = config.get("prefix") ?? "caddy";

const image = new portable.PortableImage("image", {
    name,
    version: "1.0",
    source: {
        files: {
            units: [
                { name: `${prefix}.socket`, asset: new pulumi.asset.FileAsset("units/caddy.socket") },
                { name: `${prefix}.service`, asset: new pulumi.asset.FileAsset("units/caddy.service") },
            ],
            tree: { "/usr/bin/greeter": { asset: new pulumi.asset.FileAsset("bin/greeter"), mode: "0755" } },
        },
    },
    connection,
});

const service = new portable.AttachedService("service", { image: image.path, connection });

export const units = service.unitStates;
