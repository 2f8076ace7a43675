package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewAttachedService(ctx, "web", &portable.AttachedServiceArgs{
			Image:   pulumi.String("/var/lib/portables/web_1.0.raw"),
			Profile: pulumi.String(portable.ProfileStrict),
			Units: portable.UnitOverrideMap{
				"web.service": &portable.UnitOverrideArgs{
					Presets: portable.PresetArray{
						portable.PresetJit,
					},
				},
				"web-report.timer": &portable.UnitOverrideArgs{
					Enable: pulumi.Bool(true),
					Start:  pulumi.Bool(false),
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
