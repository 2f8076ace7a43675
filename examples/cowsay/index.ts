import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

const image = new portable.PortableImage("cowsay", {
    version: "1.0",
    source: {
        files: {
            units: ["units/cowsay@.service", "units/cowsay.socket"],
            tree: { "/bin/cowsay": { asset: new pulumi.asset.FileAsset("bin/cowsay"), mode: "0755" } },
        },
    },
    connection,
});

// The socket has an [Install] section, so it is enabled and started; the template waits for connections.
const service = new portable.AttachedService("cowsay", { image: image.path, connection });

export const units = service.unitStates;
