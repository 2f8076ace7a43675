import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const image = new portable.PortableImage("image", {
    name: "hello",
    version: "1.0",
    source: {
        directory: {
            path: "image",
        },
    },
    connection: {
        host: "web1",
    },
});
const hello = new portable.AttachedService("hello", {
    image: image.path,
    dropIns: [{
        unit: "hello.service",
        sections: {
            Service: {
                Environment: {
                    NAME: "User",
                },
                BindReadOnlyPaths: [
                    "/etc/hello",
                    "/srv/hello",
                ],
            },
        },
    }],
    health: {
        http: {
            port: 8080,
            path: "/health",
        },
    },
    connection: {
        host: "web1",
    },
});
export const serving = hello.serving;
