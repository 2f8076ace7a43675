import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const shop = new portable.PortableImage("shop", {
    version: "2.4",
    source: {
        directory: {
            path: "image",
        },
    },
    format: portable.ImageFormat.Erofs,
    connection: {
        host: "web1",
    },
});
