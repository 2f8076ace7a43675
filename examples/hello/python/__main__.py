import pulumi
import pulumi_portable as portable

config = pulumi.Config()
connection = {"host": config.get("host") or "web1"}  # a name from ~/.ssh/config, or an address

image = portable.PortableImage(
    "hello",
    version="1.0",
    source={
        "files": {
            "units": ["../units/hello.service", "../units/hello.socket"],
            "tree": {
                "/usr/bin/hello": {"asset": pulumi.FileAsset("../bin/hello"), "mode": "0755"},
                "/etc/hello": {"directory": True},  # where the drop-in below binds the host's directory
            },
            "substitutions": {"helloExe": "/usr/bin/hello"},  # @helloExe@ in a unit
        }
    },
    connection=connection,
)

# Image and drop-ins are updated, restarted and rolled back together.
service = portable.AttachedService(
    "hello",
    image=image.path,
    drop_ins=[
        {
            "unit": "hello.service",
            "sections": {"Service": {"Environment": {"NAME": config.get("name") or "User"}}},
        }
    ],
    connection=connection,
)

# A drop-in of any unit of the host, on its own.
portable.DropIn(
    "hello-page",
    unit="hello.service",
    sections={"Service": {"BindReadOnlyPaths": ["/etc/hello"]}},
    files={"/etc/hello/page.html": {"content": "<h1>Hello, {$NAME}!</h1>\n", "mode": "0644"}},
    on_change=portable.OnChange.RELOAD,
    connection=connection,
    opts=pulumi.ResourceOptions(depends_on=[service]),
)

pulumi.export("units", service.unit_states)
