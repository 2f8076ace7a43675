package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")
		connection := portable.ConnectionArgs{Host: pulumi.String(settings.Require("host"))}
		name := settings.Get("name")
		if name == "" {
			name = "World"
		}

		image, err := portable.NewPortableImage(ctx, "site", &portable.PortableImageArgs{
			Version: pulumi.String("1.0"),
			Source: portable.ImageSourceArgs{
				Files: portable.FilesSourceArgs{
					Units: pulumi.Array{pulumi.String("units/site.service"), pulumi.String("units/site.socket")},
					Tree: portable.ImageFileMap{
						"/usr/bin/site": portable.ImageFileArgs{
							Asset: pulumi.NewFileAsset("bin/site"),
							Mode:  pulumi.String("0755"),
						},
					},
				},
			},
			Connection: connection,
		})
		if err != nil {
			return err
		}

		service, err := portable.NewAttachedService(ctx, "site", &portable.AttachedServiceArgs{
			Image: image.Path,
			DropIns: portable.InlineDropInArray{portable.InlineDropInArgs{
				Unit: pulumi.String("site.service"),
				Sections: pulumi.MapMap{
					"Service": pulumi.Map{"Environment": pulumi.StringMap{"NAME": pulumi.String(name)}},
				},
			}},
			Health:     portable.HealthArgs{Http: portable.HttpCheckArgs{Port: pulumi.Int(8080)}},
			Connection: connection,
		})
		if err != nil {
			return err
		}
		ctx.Export("running", service.Image)
		return nil
	})
}
