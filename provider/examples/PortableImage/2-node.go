package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "web", &portable.PortableImageArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Files: &portable.FilesSourceArgs{
					Units: pulumi.Array{
						pulumi.Any("units/web.service"),
						pulumi.Any("units/web.socket"),
					},
					Runtime: &portable.ImageRuntimeArgs{
						Node: &portable.NodeRuntimeArgs{
							Version: pulumi.String("24.11.0"),
						},
					},
					Tree: portable.ImageFileMap{
						"/app/server.js": &portable.ImageFileArgs{
							Asset: pulumi.NewFileAsset("app/server.js"),
						},
					},
				},
			},
			Connection: &portable.ConnectionArgs{
				Host: pulumi.String("web1"),
			},
		})
		if err != nil {
			return err
		}
		return nil
	})
}
