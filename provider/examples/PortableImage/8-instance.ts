import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const staging = new portable.PortableImage("staging", {
    name: "hello",
    instance: "staging",
    version: "1.1",
    source: {
        directory: {
            path: "image",
        },
    },
    connection: {
        host: "web1",
    },
});
