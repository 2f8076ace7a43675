import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const hosts = config.getObject<string[]>("hosts") ?? Array.from({ length: 10 }, (_, index) => `web${index + 1}`);

// Built once, however many hosts take it; each host is looked at, sent to and switched beside the others.
const source = {
    files: {
        units: ["units/greeter@.service", "units/greeter.socket"],
        tree: { "/usr/bin/greeter": { asset: new pulumi.asset.FileAsset("bin/greeter"), mode: "0755" } },
    },
};

const services = hosts.map((host) => {
    const connection = { host };
    const image = new portable.PortableImage(`greeter-${host}`, {
        name: "greeter",
        version: config.get("version") ?? "1.0",
        source,
        connection,
    });
    return new portable.AttachedService(`greeter-${host}`, {
        image: image.path,
        dropIns: [{ unit: "greeter@.service", sections: { Service: { Environment: { GREETER: host } } } }],
        connection,
    });
});

/** The image that is running on each host. */
export const serving = Object.fromEntries(services.map((service, index) => [hosts[index] as string, service.serving]));
