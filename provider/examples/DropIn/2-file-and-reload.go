package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewDropIn(ctx, "page", &portable.DropInArgs{
			Unit: pulumi.String("hello.service"),
			Sections: pulumi.MapMap{
				"Service": pulumi.Map{
					"BindReadOnlyPaths": pulumi.Any([]any{
						"/etc/hello",
					}),
				},
			},
			Files: portable.HostFileMap{
				"/etc/hello/page.html": &portable.HostFileArgs{
					Content: pulumi.String("Hello!"),
					Mode:    pulumi.String("0644"),
				},
			},
			OnChange: portable.OnChangeReload,
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
