using System.Collections.Generic;
using System.Linq;
using Pulumi;
using Portable = PulumiPortable.Portable;

return await Deployment.RunAsync(() => 
{
    var web = new Portable.AttachedService("web", new()
    {
        Image = "/var/lib/portables/web_1.0.raw",
        Profile = Portable.Profile.Strict,
        Units = 
        {
            { "web.service", new Portable.Inputs.UnitOverrideArgs
            {
                Presets = new[]
                {
                    Portable.Preset.Jit,
                },
            } },
            { "web-report.timer", new Portable.Inputs.UnitOverrideArgs
            {
                Enable = true,
                Start = false,
            } },
        },
        Connection = new Portable.Inputs.ConnectionArgs
        {
            Host = "web1",
        },
    });

});

