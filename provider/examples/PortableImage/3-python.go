package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, err := portable.NewPortableImage(ctx, "api", &portable.PortableImageArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Files: &portable.FilesSourceArgs{
					Units: pulumi.Array{
						pulumi.Any("units/api.service"),
					},
					Runtime: &portable.ImageRuntimeArgs{
						Python: &portable.PythonRuntimeArgs{
							Requirements: pulumi.String("requirements.txt"),
						},
					},
					Tree: portable.ImageFileMap{
						"/app/main.py": &portable.ImageFileArgs{
							Asset: pulumi.NewFileAsset("app/main.py"),
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
