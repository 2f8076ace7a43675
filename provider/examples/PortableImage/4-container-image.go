package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "cache", &portable.PortableImageArgs{
			Version: pulumi.String("8.0"),
			Source: &portable.ImageSourceArgs{
				Oci: &portable.OciSourceArgs{
					Archive: pulumi.String("cache.tar"),
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
