package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")
		token := cfg.Require("token")
		_, err := portable.NewAttachedService(ctx, "hello", &portable.AttachedServiceArgs{
			Image: pulumi.String("/var/lib/portables/hello_1.0.raw"),
			Files: portable.HostFileMap{
				"/etc/hello/token": &portable.HostFileArgs{
					Content: pulumi.ToSecret(token).(pulumi.StringOutput),
					Mode:    pulumi.String("0600"),
				},
			},
			DropIns: portable.InlineDropInArray{
				&portable.InlineDropInArgs{
					Unit: pulumi.String("hello.service"),
					Sections: pulumi.MapMap{
						"Service": pulumi.Map{
							"LoadCredential": pulumi.Any("token:/etc/hello/token"),
						},
					},
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
