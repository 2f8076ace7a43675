import pulumi
import pulumi_portable as portable

cache = portable.PortableImage("cache",
    version="8.0",
    source={
        "oci": {
            "archive": "cache.tar",
        },
    },
    connection={
        "host": "web1",
    })
