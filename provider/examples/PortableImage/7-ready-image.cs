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
            Raw = new Portable.Inputs.RawSourceArgs
            {
                Url = "https://example.com/hello_1.0.raw",
                Sha256 = "9c54ce9c005d46468d10929448ebd5049c54ce9c005d46468d10929448ebd504",
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

