package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableService(ctx, "hello", &portable.PortableServiceArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Directory: &portable.DirectorySourceArgs{
					Path: pulumi.String("image"),
				},
			},
			Health: &portable.HealthArgs{
				Http: &portable.HttpCheckArgs{
					Port: pulumi.Int(8080),
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
