import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

const image = new portable.PortableImage("hello", {
    version: "1.0",
    source: {
        files: {
            units: ["units/hello.service", "units/hello.socket"],
            tree: {
                "/usr/bin/hello": { asset: new pulumi.asset.FileAsset("bin/hello"), mode: "0755" },
                "/etc/hello": { directory: true }, // where the drop-in below binds the host's directory
            },
            substitutions: { helloExe: "/usr/bin/hello" }, // @helloExe@ in a unit
        },
    },
    connection,
});

// Image and drop-ins are updated, restarted and rolled back together.
const service = new portable.AttachedService("hello", {
    image: image.path,
    dropIns: [
        {
            unit: "hello.service",
            sections: { Service: { Environment: { NAME: config.get("name") ?? "User" } } },
        },
    ],
    connection,
});

// A drop-in for any unit of the host, deployed separately.
new portable.DropIn(
    "hello-page",
    {
        unit: "hello.service",
        sections: { Service: { BindReadOnlyPaths: ["/etc/hello"] } },
        files: { "/etc/hello/page.html": { content: "<h1>Hello, {$NAME}!</h1>\n", mode: "0644" } },
        onChange: "reload",
        connection,
    },
    { dependsOn: service },
);

export const units = service.unitStates;
