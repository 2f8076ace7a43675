import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const page = new portable.DropIn("page", {
    unit: "hello.service",
    sections: {
        Service: {
            BindReadOnlyPaths: ["/etc/hello"],
        },
    },
    files: {
        "/etc/hello/page.html": {
            content: "Hello!",
            mode: "0644",
        },
    },
    onChange: portable.OnChange.Reload,
    connection: {
        host: "web1",
    },
});
