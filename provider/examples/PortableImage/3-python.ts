import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const api = new portable.PortableImage("api", {
    version: "1.0",
    source: {
        files: {
            units: ["units/api.service"],
            runtime: {
                python: {
                    requirements: "requirements.txt",
                },
            },
            tree: {
                "/app/main.py": {
                    asset: new pulumi.asset.FileAsset("app/main.py"),
                },
            },
        },
    },
    connection: {
        host: "web1",
    },
});
