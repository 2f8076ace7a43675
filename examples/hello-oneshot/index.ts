import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address

// Two ways to tell a unit file where its program is; what runs is the same.
const knownPath: portable.types.input.FilesSourceArgs = {
    units: ["units/known-path/hello.service"], // ExecStart=/bin/hello
    tree: { "/bin/hello": { asset: new pulumi.asset.FileAsset("bin/hello"), mode: "0755" } },
};
const template: portable.types.input.FilesSourceArgs = {
    units: ["units/template/hello.service"], // ExecStart=@helloExe@
    tree: { "/opt/hello/hello": { asset: new pulumi.asset.FileAsset("bin/hello"), mode: "0755" } },
    substitutions: { helloExe: "/opt/hello/hello" },
};

const image = new portable.PortableImage("hello", {
    version: config.get("version") ?? "1.0",
    source: { files: config.getBoolean("template") ? template : knownPath },
    connection,
});

const service = new portable.AttachedService("hello", { image: image.path, connection });

export const path = image.path;
export const units = service.unitStates;
