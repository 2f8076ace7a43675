package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "staging", &portable.PortableImageArgs{
			Name:     pulumi.String("hello"),
			Instance: pulumi.String("staging"),
			Version:  pulumi.String("1.1"),
			Source: &portable.ImageSourceArgs{
				Directory: &portable.DirectorySourceArgs{
					Path: pulumi.String("image"),
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
