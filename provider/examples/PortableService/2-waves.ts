import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const web = new portable.PortableService("web", {
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
    connections: {
        web1: {
            host: "web1.example.com",
        },
        web2: {
            host: "web2.example.com",
        },
        web3: {
            host: "web3.example.com",
        },
    },
    waves: {
        canaryHosts: ["web1"],
        batchSize: 2,
    },
});
