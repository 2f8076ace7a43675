import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.enums.Rollback;
import io.github.pulumiportable.portable.inputs.BeforeSwitchArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var shop = new AttachedService("shop", AttachedServiceArgs.builder()
            .image("/var/lib/portables/shop_2.0.raw")
            .beforeSwitch(BeforeSwitchArgs.builder()
                .command("/usr/bin/shop", "migrate")
                .unit("shop.service")
                .build())
            .rollback(Rollback.UnlessMigrated)
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
