import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const web1 = portable.getHost({
    connection: {
        host: "web1",
    },
});
export const systemd = web1.then(web1 => web1.systemdVersion);
export const missing = web1.then(web1 => web1.missing);
