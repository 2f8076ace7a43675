import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

// What differs between environments is in Pulumi.<stack>.yaml; how to log in is there too, as portable:connection.
const config = new pulumi.Config();
const hosts = config.requireObject<string[]>("hosts");

for (const host of hosts) {
    const connection = { host };

    const image = new portable.PortableImage(`greeter-${host}`, {
        name: "greeter",
        version: config.require("version"),
        retain: config.getNumber("retain"),
        source: {
            files: {
                units: ["units/greeter@.service", "units/greeter.socket"],
                tree: { "/usr/bin/greeter": { asset: new pulumi.asset.FileAsset("bin/greeter"), mode: "0755" } },
            },
        },
        connection,
    });

    new portable.AttachedService(`greeter-${host}`, {
        image: image.path,
        profile: config.get("profile"),
        dropIns: [
            {
                unit: "greeter@.service",
                sections: { Service: { Environment: { GREETER: config.require("greeter") } } },
            },
        ],
        connection,
    });
}

export const pages = hosts.map((host) => `http://${host}:8080/`);
