import pulumi
import pulumi_portable as portable

web = portable.AttachedService("web",
    image="/var/lib/portables/web_1.0.raw",
    profile=portable.Profile.STRICT,
    units={
        "web.service": {
            "presets": [portable.Preset.JIT],
        },
        "web-report.timer": {
            "enable": True,
            "start": False,
        },
    },
    connection={
        "host": "web1",
    })
