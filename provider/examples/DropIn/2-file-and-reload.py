import pulumi
import pulumi_portable as portable

page = portable.DropIn("page",
    unit="hello.service",
    sections={
        "Service": {
            "BindReadOnlyPaths": ["/etc/hello"],
        },
    },
    files={
        "/etc/hello/page.html": {
            "content": "Hello!",
            "mode": "0644",
        },
    },
    on_change=portable.OnChange.RELOAD,
    connection={
        "host": "web1",
    })
