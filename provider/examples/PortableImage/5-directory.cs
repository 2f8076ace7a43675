using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var shop = new Portable.PortableImage("shop", new()
    {
        Version = "2.4",
        Source = new Portable.Inputs.ImageSourceArgs
        {
            Directory = new Portable.Inputs.DirectorySourceArgs
            {
                Path = "image",
            },
        },
        Format = Portable.ImageFormat.Erofs,
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

