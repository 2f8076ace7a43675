using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var image = new Portable.PortableImage("image", new()
    {
        Name = "hello",
        Version = "1.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Directory = new Portable.Inputs.DirectorySourceArgs
            {
                Path = "image",
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

    var hello = new Portable.AttachedService("hello", new()
    {
        Image = image.Path,
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
                            ["NAME"] = "User",
                        } },
                        { "BindReadOnlyPaths", new[]
                        {
                            "/etc/hello",
                            "/srv/hello",
                        } },
                    }.ToImmutableDictionary() },
                },
            },
        },
        Health = new Portable.Inputs.HealthArgs
        {
            Http = new Portable.Inputs.HttpCheckArgs
            {
                Port = 8080,
                Path = "/health",
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

    return new Dictionary<string, object?>
    {
        ["serving"] = hello.Serving,
    };
});

