package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "shop", &portable.PortableImageArgs{
			Version: pulumi.String("2.4"),
			Source: &portable.ImageSourceArgs{
				Directory: &portable.DirectorySourceArgs{
					Path: pulumi.String("image"),
				},
			},
			Format: portable.ImageFormatErofs,
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
