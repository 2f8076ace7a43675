import pulumi
import pulumi_portable as portable

hello = portable.PortableService("hello",
    version="1.0",
    source={
        "directory": {
            "path": "image",
        },
    },
    health={
        "http": {
            "port": 8080,
        },
    },
    connection={
        "host": "web1",
    })
