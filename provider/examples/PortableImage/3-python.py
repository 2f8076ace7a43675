import pulumi
import pulumi_portable as portable

api = portable.PortableImage("api",
    version="1.0",
    source={
        "files": {
            "units": ["units/api.service"],
            "runtime": {
                "python": {
                    "requirements": "requirements.txt",
                },
            },
            "tree": {
                "/app/main.py": {
                    "asset": pulumi.FileAsset("app/main.py"),
                },
            },
        },
    },
    connection={
        "host": "web1",
    })
