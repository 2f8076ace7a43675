package main

import (
	"github.com/pulumi-portable/pulumi-portable/sdk/go/portable"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cfg := config.New(ctx, "")
		host := cfg.Require("host")
		name := "User"
		if param := cfg.Get("name"); param != "" {
			name = param
		}
		token := cfg.Require("token")
		facts, err := portable.GetHost(ctx, &portable.GetHostArgs{
			Connection: &portable.Connection{
				Host: pulumi.StringRef(host),
			},
		}, nil)
		if err != nil {
			return err
		}
		hidden := pulumi.ToSecret(token).(pulumi.StringOutput)
		image, err := portable.NewPortableImage(ctx, "image", &portable.PortableImageArgs{
			Name:    pulumi.String("hello"),
			Version: pulumi.String("1.0"),
			Format:  portable.ImageFormatSquashfs,
			Retain:  pulumi.Int(1),
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
						"/etc/hello": &portable.ImageFileArgs{
							Directory: pulumi.Bool(true),
						},
					},
					Substitutions: pulumi.StringMap{
						"helloExe": pulumi.String("/usr/bin/hello"),
					},
				},
			},
			Connection: &portable.ConnectionArgs{
				Host: pulumi.String(host),
			},
		})
		if err != nil {
			return err
		}
		service, err := portable.NewAttachedService(ctx, "service", &portable.AttachedServiceArgs{
			Image:    image.Path,
			Profile:  pulumi.String(portable.ProfileDefault),
			Copy:     portable.CopyModeAuto,
			Rollback: portable.RollbackAlways,
			Units: portable.UnitOverrideMap{
				"hello.service": &portable.UnitOverrideArgs{
					Enable: pulumi.Bool(true),
					Presets: portable.PresetArray{
						portable.PresetJit,
					},
				},
			},
			DropIns: portable.InlineDropInArray{
				&portable.InlineDropInArgs{
					Unit: pulumi.String("hello.service"),
					Sections: pulumi.MapMap{
						"Service": pulumi.Map{
							"Environment": pulumi.Any(map[string]interface{}{
								"NAME": name,
							}),
							"BindReadOnlyPaths": pulumi.Any([]any{
								"/etc/hello",
							}),
							"Nice":              pulumi.Any(5),
							"LogRateLimitBurst": pulumi.Any(0),
							"PrivateTmp":        pulumi.Any(true),
						},
					},
				},
			},
			Files: portable.HostFileMap{
				"/etc/hello/page.html": &portable.HostFileArgs{
					Asset: pulumi.NewStringAsset("<h1>Hello, {$NAME}!</h1>\n"),
				},
				"/etc/hello/token": &portable.HostFileArgs{
					Content: hidden,
					Mode:    pulumi.String("0600"),
				},
			},
			Health: &portable.HealthArgs{
				Http: &portable.HttpCheckArgs{
					Port: pulumi.Int(8080),
					Status: pulumi.IntArray{
						pulumi.Int(200),
					},
				},
				StableSeconds: pulumi.Float64(0.5),
			},
			Connection: &portable.ConnectionArgs{
				Host: pulumi.String(host),
			},
		})
		if err != nil {
			return err
		}
		_, err = portable.NewDropIn(ctx, "window", &portable.DropInArgs{
			Unit: pulumi.String("hello.service"),
			Name: pulumi.String("60-window.conf"),
			Sections: pulumi.MapMap{
				"Unit": pulumi.Map{
					"Documentation": pulumi.Any([]any{
						"https://example.com/hello",
						"man:systemd(1)",
					}),
				},
			},
			OnChange: portable.OnChangeNone,
			Connection: &portable.ConnectionArgs{
				Host: pulumi.String(host),
			},
		}, pulumi.DependsOn([]pulumi.Resource{
			service,
		}))
		if err != nil {
			return err
		}
		motto, err := portable.NewPortableService(ctx, "motto", &portable.PortableServiceArgs{
			Version: pulumi.String("1.0"),
			Source: &portable.ImageSourceArgs{
				Files: &portable.FilesSourceArgs{
					Units: pulumi.Array{
						&portable.ImageUnitArgs{
							Name: pulumi.String("motto.service"),
							Text: pulumi.String(`[Unit]
Description=A motto

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/motto

[Install]
WantedBy=multi-user.target
`),
						},
					},
					Tree: portable.ImageFileMap{
						"/usr/bin/motto": &portable.ImageFileArgs{
							Asset: pulumi.NewFileAsset("bin/motto"),
							Mode:  pulumi.String("0755"),
						},
					},
				},
			},
			Connections: portable.ConnectionMap{
				"web1": &portable.ConnectionArgs{
					Host: pulumi.String(host),
				},
			},
			Waves: &portable.WavesArgs{
				CanaryHosts: pulumi.StringArray{
					pulumi.String("web1"),
				},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("missing", pulumi.ToStringArray(facts.Missing))
		ctx.Export("machineId", pulumi.String(facts.MachineId))
		ctx.Export("serviceMachineId", service.MachineId)
		ctx.Export("unitStates", service.UnitStates)
		ctx.Export("hosts", motto.Hosts)
		ctx.Export("hiddenToken", hidden)
		return nil
	})
}
