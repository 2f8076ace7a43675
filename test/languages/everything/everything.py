import pulumi
import pulumi_portable as portable

config = pulumi.Config()
host = config.require("host")
name = config.get("name")
if name is None:
    name = "User"
token = config.require("token")
facts = portable.get_host(connection={
    "host": host,
})
hidden = pulumi.Output.secret(token)
image = portable.PortableImage("image",
    name="hello",
    version="1.0",
    format=portable.ImageFormat.SQUASHFS,
    retain=1,
    source={
        "files": {
            "units": [
                "units/hello.service",
                "units/hello.socket",
            ],
            "tree": {
                "/usr/bin/hello": {
                    "asset": pulumi.FileAsset("bin/hello"),
                    "mode": "0755",
                },
                "/etc/hello": {
                    "directory": True,
                },
            },
            "substitutions": {
                "helloExe": "/usr/bin/hello",
            },
        },
    },
    connection={
        "host": host,
    })
service = portable.AttachedService("service",
    image=image.path,
    profile=portable.Profile.DEFAULT,
    copy=portable.CopyMode.AUTO,
    rollback=portable.Rollback.ALWAYS,
    units={
        "hello.service": {
            "enable": True,
            "presets": [portable.Preset.JIT],
        },
    },
    drop_ins=[{
        "unit": "hello.service",
        "sections": {
            "Service": {
                "Environment": {
                    "NAME": name,
                },
                "BindReadOnlyPaths": ["/etc/hello"],
                "Nice": 5,
                "LogRateLimitBurst": 0,
                "PrivateTmp": True,
            },
        },
    }],
    files={
        "/etc/hello/page.html": {
            "asset": pulumi.StringAsset("<h1>Hello, {$NAME}!</h1>\n"),
        },
        "/etc/hello/token": {
            "content": hidden,
            "mode": "0600",
        },
    },
    health={
        "http": {
            "port": 8080,
            "status": [200],
        },
        "stable_seconds": 0.5,
    },
    connection={
        "host": host,
    })
window = portable.DropIn("window",
    unit="hello.service",
    name="60-window.conf",
    sections={
        "Unit": {
            "Documentation": [
                "https://example.com/hello",
                "man:systemd(1)",
            ],
        },
    },
    on_change=portable.OnChange.NONE,
    connection={
        "host": host,
    },
    opts = pulumi.ResourceOptions(depends_on=[service]))
motto = portable.PortableService("motto",
    version="1.0",
    source={
        "files": {
            "units": [{
                "name": "motto.service",
                "text": """[Unit]
Description=A motto

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/motto

[Install]
WantedBy=multi-user.target
""",
            }],
            "tree": {
                "/usr/bin/motto": {
                    "asset": pulumi.FileAsset("bin/motto"),
                    "mode": "0755",
                },
            },
        },
    },
    connections={
        "web1": {
            "host": host,
        },
    },
    waves={
        "canary_hosts": ["web1"],
    })
pulumi.export("missing", facts.missing)
pulumi.export("machineId", facts.machine_id)
pulumi.export("serviceMachineId", service.machine_id)
pulumi.export("unitStates", service.unit_states)
pulumi.export("hosts", motto.hosts)
pulumi.export("hiddenToken", hidden)
