import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.enums.Preset;
import io.github.pulumiportable.portable.enums.Profile;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.UnitOverrideArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var web = new AttachedService("web", AttachedServiceArgs.builder()
            .image("/var/lib/portables/web_1.0.raw")
            .profile(Profile.Strict)
            .units(Map.of(
                "web.service", UnitOverrideArgs.builder()
                    .presets(Preset.Jit)
                    .build(),
                "web-report.timer", UnitOverrideArgs.builder()
                    .enable(true)
                    .start(false)
                    .build()))
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
