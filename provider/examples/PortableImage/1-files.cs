using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var hello = new Portable.PortableImage("hello", new()
    {
        Version = "1.0",
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
                },
                Substitutions = 
                {
                    { "helloExe", "/usr/bin/hello" },
                },
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

