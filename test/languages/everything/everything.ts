import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const host = config.require("host");
const name = config.get("name") || "User";
const token = config.require("token");
const facts = portable.getHost({
    connection: {
        host: host,
    },
});
const hidden = pulumi.secret(token);
const image = new portable.PortableImage("image", {
    name: "hello",
    version: "1.0",
    format: portable.ImageFormat.Squashfs,
    retain: 1,
    source: {
        files: {
            units: [
                "units/hello.service",
                "units/hello.socket",
            ],
            tree: {
                "/usr/bin/hello": {
                    asset: new pulumi.asset.FileAsset("bin/hello"),
                    mode: "0755",
                },
                "/etc/hello": {
                    directory: true,
                },
            },
            substitutions: {
                helloExe: "/usr/bin/hello",
            },
        },
    },
    connection: {
        host: host,
    },
});
const service = new portable.AttachedService("service", {
    image: image.path,
    profile: portable.Profile.Default,
    copy: portable.CopyMode.Auto,
    rollback: portable.Rollback.Always,
    units: {
        "hello.service": {
            enable: true,
            presets: [portable.Preset.Jit],
        },
    },
    dropIns: [{
        unit: "hello.service",
        sections: {
            Service: {
                Environment: {
                    NAME: name,
                },
                BindReadOnlyPaths: ["/etc/hello"],
                Nice: 5,
                LogRateLimitBurst: 0,
                PrivateTmp: true,
            },
        },
    }],
    files: {
        "/etc/hello/page.html": {
            asset: new pulumi.asset.StringAsset("<h1>Hello, {$NAME}!</h1>\n"),
        },
        "/etc/hello/token": {
            content: hidden,
            mode: "0600",
        },
    },
    health: {
        http: {
            port: 8080,
            status: [200],
        },
        stableSeconds: 0.5,
    },
    connection: {
        host: host,
    },
});
const window = new portable.DropIn("window", {
    unit: "hello.service",
    name: "60-window.conf",
    sections: {
        Unit: {
            Documentation: [
                "https://example.com/hello",
                "man:systemd(1)",
            ],
        },
    },
    onChange: portable.OnChange.None,
    connection: {
        host: host,
    },
}, {
    dependsOn: [service],
});
const motto = new portable.PortableService("motto", {
    version: "1.0",
    source: {
        files: {
            units: [{
                name: "motto.service",
                text: `[Unit]
Description=A motto

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/motto

[Install]
WantedBy=multi-user.target
`,
            }],
            tree: {
                "/usr/bin/motto": {
                    asset: new pulumi.asset.FileAsset("bin/motto"),
                    mode: "0755",
                },
            },
        },
    },
    connections: {
        web1: {
            host: host,
        },
    },
    waves: {
        canaryHosts: ["web1"],
    },
});
export const missing = facts.then(facts => facts.missing);
export const machineId = facts.then(facts => facts.machineId);
export const serviceMachineId = service.machineId;
export const unitStates = service.unitStates;
export const hosts = motto.hosts;
export const hiddenToken = hidden;
