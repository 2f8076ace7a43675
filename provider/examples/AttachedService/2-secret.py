import pulumi
import pulumi_portable as portable

config = pulumi.Config()
token = config.require("token")
hello = portable.AttachedService("hello",
    image="/var/lib/portables/hello_1.0.raw",
    files={
        "/etc/hello/token": {
            "content": pulumi.Output.secret(token),
            "mode": "0600",
        },
    },
    drop_ins=[{
        "unit": "hello.service",
        "sections": {
            "Service": {
                "LoadCredential": "token:/etc/hello/token",
            },
        },
    }],
    connection={
        "host": "web1",
    })
