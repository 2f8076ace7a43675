import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const shop = new portable.AttachedService("shop", {
    image: "/var/lib/portables/shop_2.0.raw",
    beforeSwitch: {
        command: [
            "/usr/bin/shop",
            "migrate",
        ],
        unit: "shop.service",
    },
    rollback: portable.Rollback.UnlessMigrated,
    connection: {
        host: "web1",
    },
});
