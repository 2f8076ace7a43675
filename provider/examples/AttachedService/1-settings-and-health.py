import pulumi
import pulumi_portable as portable

image = portable.PortableImage("image",
    name="hello",
    version="1.0",
    source={
        "directory": {
            "path": "image",
        },
    },
    connection={
        "host": "web1",
    })
hello = portable.AttachedService("hello",
    image=image.path,
    drop_ins=[{
        "unit": "hello.service",
        "sections": {
            "Service": {
                "Environment": {
                    "NAME": "User",
                },
                "BindReadOnlyPaths": [
                    "/etc/hello",
                    "/srv/hello",
                ],
            },
        },
    }],
    health={
        "http": {
            "port": 8080,
            "path": "/health",
        },
    },
    connection={
        "host": "web1",
    })
pulumi.export("serving", hello.serving)
