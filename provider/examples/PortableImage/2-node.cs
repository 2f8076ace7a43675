using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var web = new Portable.PortableImage("web", new()
    {
        Version = "1.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Files = new Portable.Inputs.FilesSourceArgs
            {
                Units = new[]
                {
                    "units/web.service",
                    "units/web.socket",
                },
                Runtime = new Portable.Inputs.ImageRuntimeArgs
                {
                    Node = new Portable.Inputs.NodeRuntimeArgs
                    {
                        Version = "24.11.0",
                    },
                },
                Tree = 
                {
                    { "/app/server.js", new Portable.Inputs.ImageFileArgs
                    {
                        Asset = new FileAsset("app/server.js"),
                    } },
                },
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

