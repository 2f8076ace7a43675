import pulumi
import pulumi_portable as portable

web = portable.PortableService("web",
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
    connections={
        "web1": {
            "host": "web1.example.com",
        },
        "web2": {
            "host": "web2.example.com",
        },
        "web3": {
            "host": "web3.example.com",
        },
    },
    waves={
        "canary_hosts": ["web1"],
        "batch_size": 2,
    })
