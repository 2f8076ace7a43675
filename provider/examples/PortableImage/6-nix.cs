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
            Nix = new Portable.Inputs.NixSourceArgs
            {
                Installable = ".#image",
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

