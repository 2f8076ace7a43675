import pulumi
import pulumi_portable as portable

web1 = portable.get_host(connection={
    "host": "web1",
})
pulumi.export("systemd", web1.systemd_version)
pulumi.export("missing", web1.missing)
