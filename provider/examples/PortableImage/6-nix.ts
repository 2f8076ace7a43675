import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const hello = new portable.PortableImage("hello", {
    version: "1.0",
    source: {
        nix: {
            installable: ".#image",
        },
    },
    connection: {
        host: "web1",
    },
});
