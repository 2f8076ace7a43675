import pulumi
import pulumi_portable as portable

web = portable.PortableImage("web",
    version="1.0",
    source={
        "files": {
            "units": [
                "units/web.service",
                "units/web.socket",
            ],
            "runtime": {
                "node": {
                    "version": "24.11.0",
                },
            },
            "tree": {
                "/app/server.js": {
                    "asset": pulumi.FileAsset("app/server.js"),
                },
            },
        },
    },
    connection={
        "host": "web1",
    })
