using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var web = new Portable.PortableService("web", new()
    {
        Version = "1.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Directory = new Portable.Inputs.DirectorySourceArgs
            {
                Path = "image",
            },
        },
        Health = new Portable.Inputs.HealthArgs
        {
            Http = new Portable.Inputs.HttpCheckArgs
            {
                Port = 8080,
            },
        },
        Connections = 
        {
            { "web1", new Portable.Inputs.ConnectionArgs
            {
                Host = "web1.example.com",
            } },
            { "web2", new Portable.Inputs.ConnectionArgs
            {
                Host = "web2.example.com",
            } },
            { "web3", new Portable.Inputs.ConnectionArgs
            {
                Host = "web3.example.com",
            } },
        },
        Waves = new Portable.Inputs.WavesArgs
        {
            CanaryHosts = new[]
            {
                "web1",
            },
            BatchSize = 2,
        },
    });

});

