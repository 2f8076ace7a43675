package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		image, err := portable.NewPortableImage(ctx, "image", &portable.PortableImageArgs{
			Name:    pulumi.String("hello"),
			Version: pulumi.String("1.0"),
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
		hello, err := portable.NewAttachedService(ctx, "hello", &portable.AttachedServiceArgs{
			Image: image.Path,
			DropIns: portable.InlineDropInArray{
				&portable.InlineDropInArgs{
					Unit: pulumi.String("hello.service"),
					Sections: pulumi.MapMap{
						"Service": pulumi.Map{
							"Environment": pulumi.Any(map[string]interface{}{
								"NAME": "User",
							}),
							"BindReadOnlyPaths": pulumi.Any([]any{
								"/etc/hello",
								"/srv/hello",
							}),
						},
					},
				},
			},
			Health: &portable.HealthArgs{
				Http: &portable.HttpCheckArgs{
					Port: pulumi.Int(8080),
					Path: pulumi.String("/health"),
				},
			},
			Connection: &portable.ConnectionArgs{
				Host: pulumi.String("web1"),
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("serving", hello.Serving)
		return nil
	})
}
