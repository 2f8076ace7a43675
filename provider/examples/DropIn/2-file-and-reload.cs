using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var page = new Portable.DropIn("page", new()
    {
        Unit = "hello.service",
        Sections = 
        {
            { "Service", new Dictionary<string, object>
            {
                { "BindReadOnlyPaths", new[]
                {
                    "/etc/hello",
                } },
            }.ToImmutableDictionary() },
        },
        Files = 
        {
            { "/etc/hello/page.html", new Portable.Inputs.HostFileArgs
            {
                Content = "Hello!",
                Mode = "0644",
            }.ToImmutableDictionary() },
        },
        OnChange = Portable.OnChange.Reload,
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

