import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const token = config.require("token");
const hello = new portable.AttachedService("hello", {
    image: "/var/lib/portables/hello_1.0.raw",
    files: {
        "/etc/hello/token": {
            content: pulumi.secret(token),
            mode: "0600",
        },
    },
    dropIns: [{
        unit: "hello.service",
        sections: {
            Service: {
                LoadCredential: "token:/etc/hello/token",
            },
        },
    }],
    connection: {
        host: "web1",
    },
});
