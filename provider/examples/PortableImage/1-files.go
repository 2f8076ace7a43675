package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "hello", &portable.PortableImageArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Files: &portable.FilesSourceArgs{
					Units: pulumi.Array{
						pulumi.Any("units/hello.service"),
						pulumi.Any("units/hello.socket"),
					},
					Tree: portable.ImageFileMap{
						"/usr/bin/hello": &portable.ImageFileArgs{
							Asset: pulumi.NewFileAsset("bin/hello"),
							Mode:  pulumi.String("0755"),
						},
					},
					Substitutions: pulumi.StringMap{
						"helloExe": pulumi.String("/usr/bin/hello"),
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
