import pulumi
import pulumi_portable as portable

staging = portable.PortableImage("staging",
    name="hello",
    instance="staging",
    version="1.1",
    source={
        "directory": {
            "path": "image",
        },
    },
    connection={
        "host": "web1",
    })
