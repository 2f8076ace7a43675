import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const cache = new portable.PortableImage("cache", {
    version: "8.0",
    source: {
        oci: {
            archive: "cache.tar",
        },
    },
    connection: {
        host: "web1",
    },
});
