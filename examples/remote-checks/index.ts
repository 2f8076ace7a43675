import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();

// One object for both packages. @pulumi/command doesn't read ~/.ssh/config, so all it needs is here.
const connection = {
    host: config.require("host"),
    user: config.get("user") ?? "root",
    privateKey: config.requireSecret("privateKey"),
    hostKey: config.require("hostKey"),
};

const image = new portable.PortableImage("hello", {
    version: "1.0",
    source: {
        files: {
            units: ["units/hello.service"],
            tree: { "/usr/bin/hello": { asset: new pulumi.asset.FileAsset("bin/hello"), mode: "0755" } },
        },
    },
    connection,
});

const service = new portable.AttachedService("hello", {
    image: image.path,
    dropIns: [
        { unit: "hello.service", sections: { Service: { Environment: { NAME: config.get("name") ?? "world" } } } },
    ],
    connection,
});

// After each deployment that changed something: what the service wrote to the journal.
const check = new command.remote.Command(
    "hello-check",
    {
        connection,
        create: "journalctl --sync && journalctl -q -t hello -n 1 -o cat",
        triggers: [service.serving, service.dropInTexts],
    },
    { dependsOn: service },
);

export const said = check.stdout;
