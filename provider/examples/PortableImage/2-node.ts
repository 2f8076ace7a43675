import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const web = new portable.PortableImage("web", {
    version: "1.0",
    source: {
        files: {
            units: [
                "units/web.service",
                "units/web.socket",
            ],
            runtime: {
                node: {
                    version: "24.11.0",
                },
            },
            tree: {
                "/app/server.js": {
                    asset: new pulumi.asset.FileAsset("app/server.js"),
                },
            },
        },
    },
    connection: {
        host: "web1",
    },
});
