import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

// Three services of one program. The name of each unit starts with the name of the image.
const image = new portable.PortableImage("visits", {
    version: "1.0",
    source: {
        files: {
            units: [
                "units/visits-web.service",
                "units/visits-web.socket",
                "units/visits-worker.service",
                "units/visits-worker.socket",
                "units/visits-report.service", // no [Install]: the timer starts it
                "units/visits-report.timer",
            ],
            tree: { "/usr/bin/visits": { asset: new pulumi.asset.FileAsset("bin/visits"), mode: "0755" } },
        },
    },
    connection,
});

const service = new portable.AttachedService("visits", { image: image.path, connection });

export const units = service.unitStates;
