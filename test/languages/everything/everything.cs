using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var config = new Config();
    var host = config.Require("host");
    var name = config.Get("name") ?? "User";
    var token = config.Require("token");
    var facts = Portable.GetHost.Invoke(new()
    {
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = host,
        },
    });

    var hidden = Output.CreateSecret(token);

    var image = new Portable.PortableImage("image", new()
    {
        Name = "hello",
        Version = "1.0",
        Format = Portable.ImageFormat.Squashfs,
        Retain = 1,
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Files = new Portable.Inputs.FilesSourceArgs
            {
                Units = new[]
                {
                    "units/hello.service",
                    "units/hello.socket",
                },
                Tree = 
                {
                    { "/usr/bin/hello", new Portable.Inputs.ImageFileArgs
                    {
                        Asset = new FileAsset("bin/hello"),
                        Mode = "0755",
                    } },
                    { "/etc/hello", new Portable.Inputs.ImageFileArgs
                    {
                        Directory = true,
                    } },
                },
                Substitutions = 
                {
                    { "helloExe", "/usr/bin/hello" },
                },
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = host,
        },
    });

    var service = new Portable.AttachedService("service", new()
    {
        Image = image.Path,
        Profile = Portable.Profile.@Default,
        Copy = Portable.CopyMode.Auto,
        Rollback = Portable.Rollback.Always,
        Units = 
        {
            { "hello.service", new Portable.Inputs.UnitOverrideArgs
            {
                Enable = true,
                Presets = new[]
                {
                    Portable.Preset.Jit,
                },
            } },
        },
        DropIns = new[]
        {
            new Portable.Inputs.InlineDropInArgs
            {
                Unit = "hello.service",
                Sections = 
                {
                    { "Service", new Dictionary<string, object>
                    {
                        { "Environment", new Dictionary<string, object?>
                        {
                            ["NAME"] = name,
                        } },
                        { "BindReadOnlyPaths", new[]
                        {
                            "/etc/hello",
                        } },
                        { "Nice", 5 },
                        { "LogRateLimitBurst", 0 },
                        { "PrivateTmp", true },
                    }.ToImmutableDictionary() },
                },
            },
        },
        Files = 
        {
            { "/etc/hello/page.html", new Portable.Inputs.HostFileArgs
            {
                Asset = new StringAsset(@"<h1>Hello, {$NAME}!</h1>
"),
            } },
            { "/etc/hello/token", new Portable.Inputs.HostFileArgs
            {
                Content = hidden,
                Mode = "0600",
            } },
        },
        Health = new Portable.Inputs.HealthArgs
        {
            Http = new Portable.Inputs.HttpCheckArgs
            {
                Port = 8080,
                Status = new[]
                {
                    200,
                },
            },
            StableSeconds = 0.5,
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = host,
        },
    });

    var window = new Portable.DropIn("window", new()
    {
        Unit = "hello.service",
        Name = "60-window.conf",
        Sections = 
        {
            { "Unit", new Dictionary<string, object>
            {
                { "Documentation", new[]
                {
                    "https://example.com/hello",
                    "man:systemd(1)",
                } },
            }.ToImmutableDictionary() },
        },
        OnChange = Portable.OnChange.None,
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = host,
        },
    }, new CustomResourceOptions
    {
        DependsOn =
        {
            service,
        },
    });

    var motto = new Portable.PortableService("motto", new()
    {
        Version = "1.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Files = new Portable.Inputs.FilesSourceArgs
            {
                Units = new[]
                {
                    
                    {
                        { "name", "motto.service" },
                        { "text", @"[Unit]
Description=A motto

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/motto

[Install]
WantedBy=multi-user.target
" },
                    },
                },
                Tree = 
                {
                    { "/usr/bin/motto", new Portable.Inputs.ImageFileArgs
                    {
                        Asset = new FileAsset("bin/motto"),
                        Mode = "0755",
                    } },
                },
            },
        },
        Connections = 
        {
            { "web1", new Portable.Inputs.ConnectionArgs
            {
                Host = host,
            }.ToImmutableDictionary() },
        },
        Waves = new Portable.Inputs.WavesArgs
        {
            CanaryHosts = new[]
            {
                "web1",
            },
        },
    });

    return new Dictionary<string, object?>
    {
        ["missing"] = facts.Apply(getHostResult => getHostResult.Missing),
        ["machineId"] = facts.Apply(getHostResult => getHostResult.MachineId),
        ["serviceMachineId"] = service.MachineId,
        ["unitStates"] = service.UnitStates,
        ["hosts"] = motto.Hosts,
        ["hiddenToken"] = hidden,
    };
});

