package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		web1, err := portable.GetHost(ctx, &portable.GetHostArgs{
			Connection: &portable.Connection{
				Host: pulumi.StringRef("web1"),
			},
		}, nil)
		if err != nil {
			return err
		}
		ctx.Export("systemd", pulumi.Int(web1.SystemdVersion))
		ctx.Export("missing", pulumi.ToStringArray(web1.Missing))
		return nil
	})
}
