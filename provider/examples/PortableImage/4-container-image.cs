using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var cache = new Portable.PortableImage("cache", new()
    {
        Version = "8.0",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Oci = new Portable.Inputs.OciSourceArgs
            {
                Archive = "cache.tar",
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

