package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "hello", &portable.PortableImageArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Nix: &portable.NixSourceArgs{
					Installable: pulumi.String(".#image"),
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
