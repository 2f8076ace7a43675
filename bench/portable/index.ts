import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();

for (const { name } of config.requireObject<{ name: string }[]>("hosts")) {
    // The host is a name from ssh_config.
    const connection = { host: name, client: config.get<"auto" | "openssh">("client") ?? "auto" };
    const image = new portable.PortableImage(`image-${name}`, {
        name: "hello",
        version: "1.0",
        source: { raw: { path: config.require("image") } },
        connection,
    });
    new portable.AttachedService(`service-${name}`, {
        image: image.path,
        dropIns: [{ unit: "hello.service", sections: { Service: { Environment: { NAME: config.require("name") } } } }],
        connection,
    });
}
