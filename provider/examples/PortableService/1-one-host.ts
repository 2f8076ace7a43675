import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const hello = new portable.PortableService("hello", {
    version: "1.0",
    source: {
        directory: {
            path: "image",
        },
    },
    health: {
        http: {
            port: 8080,
        },
    },
    connection: {
        host: "web1",
    },
});
