using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var hello = new Portable.PortableService("hello", new()
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
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

