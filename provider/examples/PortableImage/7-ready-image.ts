import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const hello = new portable.PortableImage("hello", {
    version: "1.0",
    source: {
        raw: {
            url: "https://example.com/hello_1.0.raw",
            sha256: "9c54ce9c005d46468d10929448ebd5049c54ce9c005d46468d10929448ebd504",
        },
    },
    connection: {
        host: "web1",
    },
});
