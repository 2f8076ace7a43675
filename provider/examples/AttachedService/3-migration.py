import pulumi
import pulumi_portable as portable

shop = portable.AttachedService("shop",
    image="/var/lib/portables/shop_2.0.raw",
    before_switch={
        "command": [
            "/usr/bin/shop",
            "migrate",
        ],
        "unit": "shop.service",
    },
    rollback=portable.Rollback.UNLESS_MIGRATED,
    connection={
        "host": "web1",
    })
