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
				Raw: &portable.RawSourceArgs{
					Url:    pulumi.String("https://example.com/hello_1.0.raw"),
					Sha256: pulumi.String("9c54ce9c005d46468d10929448ebd5049c54ce9c005d46468d10929448ebd504"),
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
