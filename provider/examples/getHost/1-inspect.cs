using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var web1 = Portable.GetHost.Invoke(new()
    {
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

    return new Dictionary<string, object?>
    {
        ["systemd"] = web1.Apply(getHostResult => getHostResult.SystemdVersion),
        ["missing"] = web1.Apply(getHostResult => getHostResult.Missing),
    };
});

