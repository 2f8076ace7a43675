using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var config = new Config();
    var token = config.Require("token");
    var hello = new Portable.AttachedService("hello", new()
    {
        Image = "/var/lib/portables/hello_1.0.raw",
        Files = 
        {
            { "/etc/hello/token", new Portable.Inputs.HostFileArgs
            {
                Content = Output.CreateSecret(token),
                Mode = "0600",
            } },
        },
        DropIns = new[]
        {
            new Portable.Inputs.InlineDropInArgs
            {
                Unit = "hello.service",
                Sections = 
                {
                    { "Service", new Dictionary<string, object>
                    {
                        { "LoadCredential", "token:/etc/hello/token" },
                    }.ToImmutableDictionary() },
                },
            },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

