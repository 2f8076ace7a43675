import pulumi
import pulumi_portable as portable

hello = portable.PortableImage("hello",
    version="1.0",
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
            },
            "substitutions": {
                "helloExe": "/usr/bin/hello",
            },
        },
    },
    connection={
        "host": "web1",
    })
