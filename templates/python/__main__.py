import pulumi
import pulumi_portable as portable

config = pulumi.Config()
connection = portable.ConnectionArgs(host=config.require("host"))

image = portable.PortableImage(
    "pages",
    version="1.0",
    source=portable.ImageSourceArgs(
        files=portable.FilesSourceArgs(
            units=["units/pages.service", "units/pages.socket"],
            runtime=portable.ImageRuntimeArgs(python=portable.PythonRuntimeArgs(requirements="app/requirements.txt")),
            tree={"/opt/app": portable.ImageFileArgs(asset=pulumi.FileArchive("app"))},
        )
    ),
    connection=connection,
)

service = portable.AttachedService(
    "pages",
    image=image.path,
    drop_ins=[
        portable.InlineDropInArgs(
            unit="pages.service",
            sections={"Service": {"Environment": {"NAME": config.get("name") or "World"}}},
        )
    ],
    health=portable.HealthArgs(http=portable.HttpCheckArgs(port=8080)),
    connection=connection,
)

pulumi.export("running", service.image)
