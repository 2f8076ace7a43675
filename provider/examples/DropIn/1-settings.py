import pulumi
import pulumi_portable as portable

limits = portable.DropIn("limits",
    unit="nginx.service",
    sections={
        "Service": {
            "LimitNOFILE": 65536,
            "MemoryMax": "512M",
            "SystemCallFilter": [
                "@system-service",
                "~@privileged",
            ],
        },
    },
    connection={
        "host": "web1",
    })
