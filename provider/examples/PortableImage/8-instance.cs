using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var staging = new Portable.PortableImage("staging", new()
    {
        Name = "hello",
        Instance = "staging",
        Version = "1.1",
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

});

