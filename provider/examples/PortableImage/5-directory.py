import pulumi
import pulumi_portable as portable

shop = portable.PortableImage("shop",
    version="2.4",
    source={
        "directory": {
            "path": "image",
        },
    },
    format=portable.ImageFormat.EROFS,
    connection={
        "host": "web1",
    })
