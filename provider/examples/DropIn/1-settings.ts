import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const limits = new portable.DropIn("limits", {
    unit: "nginx.service",
    sections: {
        Service: {
            LimitNOFILE: 65536,
            MemoryMax: "512M",
            SystemCallFilter: [
                "@system-service",
                "~@privileged",
            ],
        },
    },
    connection: {
        host: "web1",
    },
});
