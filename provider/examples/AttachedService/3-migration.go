package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewAttachedService(ctx, "shop", &portable.AttachedServiceArgs{
			Image: pulumi.String("/var/lib/portables/shop_2.0.raw"),
			BeforeSwitch: &portable.BeforeSwitchArgs{
				Command: pulumi.StringArray{
					pulumi.String("/usr/bin/shop"),
					pulumi.String("migrate"),
				},
				Unit: pulumi.String("shop.service"),
			},
			Rollback: portable.RollbackUnlessMigrated,
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
