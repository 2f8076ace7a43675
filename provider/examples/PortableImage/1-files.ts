import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const hello = new portable.PortableImage("hello", {
    version: "1.0",
    source: {
        files: {
            units: [
                "units/hello.service",
                "units/hello.socket",
            ],
            tree: {
                "/usr/bin/hello": {
                    asset: new pulumi.asset.FileAsset("bin/hello"),
                    mode: "0755",
                },
            },
            substitutions: {
                helloExe: "/usr/bin/hello",
            },
        },
    },
    connection: {
        host: "web1",
    },
});
