import pulumi
import pulumi_portable as portable

hello = portable.PortableImage("hello",
    version="1.0",
    source={
        "nix": {
            "installable": ".#image",
        },
    },
    connection={
        "host": "web1",
    })
