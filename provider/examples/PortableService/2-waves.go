package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableService(ctx, "web", &portable.PortableServiceArgs{
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
			Connections: portable.ConnectionMap{
				"web1": &portable.ConnectionArgs{
					Host: pulumi.String("web1.example.com"),
				},
				"web2": &portable.ConnectionArgs{
					Host: pulumi.String("web2.example.com"),
				},
				"web3": &portable.ConnectionArgs{
					Host: pulumi.String("web3.example.com"),
				},
			},
			Waves: &portable.WavesArgs{
				CanaryHosts: pulumi.StringArray{
					pulumi.String("web1"),
				},
				BatchSize: pulumi.Int(2),
			},
		})
		if err != nil {
			return err
		}
		return nil
	})
}
