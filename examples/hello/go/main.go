package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	setting := func(key, otherwise string) pulumi.String {
		if value := settings.Get(key); value != "" {
			return pulumi.String(value)
		}
		return pulumi.String(otherwise)
	}
	// A name from ~/.ssh/config, or an address.
	connection := portable.ConnectionArgs{Host: setting("host", "web1")}

	image, err := portable.NewPortableImage(ctx, "hello", &portable.PortableImageArgs{
		Version: pulumi.String("1.0"),
		Source: portable.ImageSourceArgs{Files: portable.FilesSourceArgs{
			Units: pulumi.Array{pulumi.String("../units/hello.service"), pulumi.String("../units/hello.socket")},
			Tree: portable.ImageFileMap{
				"/usr/bin/hello": portable.ImageFileArgs{
					Asset: pulumi.NewFileAsset("../bin/hello"),
					Mode:  pulumi.String("0755"),
				},
				// Where the drop-in below binds the host's directory.
				"/etc/hello": portable.ImageFileArgs{Directory: pulumi.Bool(true)},
			},
			// @helloExe@ in a unit.
			Substitutions: pulumi.StringMap{"helloExe": pulumi.String("/usr/bin/hello")},
		}},
		Connection: connection,
	})
	if err != nil {
		return err
	}

	// Image and drop-ins are updated, restarted and rolled back together.
	service, err := portable.NewAttachedService(ctx, "hello", &portable.AttachedServiceArgs{
		Image: image.Path,
		DropIns: portable.InlineDropInArray{portable.InlineDropInArgs{
			Unit: pulumi.String("hello.service"),
			Sections: pulumi.MapMap{"Service": pulumi.Map{
				"Environment": pulumi.StringMap{"NAME": setting("name", "User")},
			}},
		}},
		Connection: connection,
	})
	if err != nil {
		return err
	}

	// A drop-in of any unit of the host, on its own.
	_, err = portable.NewDropIn(ctx, "hello-page", &portable.DropInArgs{
		Unit: pulumi.String("hello.service"),
		Sections: pulumi.MapMap{"Service": pulumi.Map{
			"BindReadOnlyPaths": pulumi.ToStringArray([]string{"/etc/hello"}),
		}},
		Files: portable.HostFileMap{"/etc/hello/page.html": portable.HostFileArgs{
			Content: pulumi.String("<h1>Hello, {$NAME}!</h1>\n"),
			Mode:    pulumi.String("0644"),
		}},
		OnChange:   portable.OnChangeReload,
		Connection: connection,
	}, pulumi.DependsOn([]pulumi.Resource{service}))
	if err != nil {
		return err
	}

	ctx.Export("units", service.UnitStates)
	return nil
}
