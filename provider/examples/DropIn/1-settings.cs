using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var limits = new Portable.DropIn("limits", new()
    {
        Unit = "nginx.service",
        Sections = 
        {
            { "Service", 
            {
                { "LimitNOFILE", 65536 },
                { "MemoryMax", "512M" },
                { "SystemCallFilter", new[]
                {
                    "@system-service",
                    "~@privileged",
                } },
            } },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

