using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var shop = new Portable.AttachedService("shop", new()
    {
        Image = "/var/lib/portables/shop_2.0.raw",
        BeforeSwitch = new Portable.Inputs.BeforeSwitchArgs
        {
            Command = new[]
            {
                "/usr/bin/shop",
                "migrate",
            },
            Unit = "shop.service",
        },
        Rollback = Portable.Rollback.UnlessMigrated,
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

