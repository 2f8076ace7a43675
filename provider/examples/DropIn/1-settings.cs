using System.Collections.Generic;
using System.Collections.Immutable;
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
            { "Service", new Dictionary<string, object>
            {
                { "LimitNOFILE", 65536 },
                { "MemoryMax", "512M" },
                { "SystemCallFilter", new[]
                {
                    "@system-service",
                    "~@privileged",
                } },
            }.ToImmutableDictionary() },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

