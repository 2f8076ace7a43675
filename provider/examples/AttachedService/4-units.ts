import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const web = new portable.AttachedService("web", {
    image: "/var/lib/portables/web_1.0.raw",
    profile: portable.Profile.Strict,
    units: {
        "web.service": {
            presets: [portable.Preset.Jit],
        },
        "web-report.timer": {
            enable: true,
            start: false,
        },
    },
    connection: {
        host: "web1",
    },
});
