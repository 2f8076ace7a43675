package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewDropIn(ctx, "limits", &portable.DropInArgs{
			Unit: pulumi.String("nginx.service"),
			Sections: pulumi.MapMap{
				"Service": pulumi.Map{
					"LimitNOFILE": pulumi.Any(65536),
					"MemoryMax":   pulumi.Any("512M"),
					"SystemCallFilter": pulumi.Any([]any{
						"@system-service",
						"~@privileged",
					}),
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
