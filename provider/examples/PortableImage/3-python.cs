using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var api = new Portable.PortableImage("api", new()
    {
        Version = "1.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Files = new Portable.Inputs.FilesSourceArgs
            {
                Units = new[]
                {
                    "units/api.service",
                },
                Runtime = new Portable.Inputs.ImageRuntimeArgs
                {
                    Python = new Portable.Inputs.PythonRuntimeArgs
                    {
                        Requirements = "requirements.txt",
                    },
                },
                Tree = 
                {
                    { "/app/main.py", new Portable.Inputs.ImageFileArgs
                    {
                        Asset = new FileAsset("app/main.py"),
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

