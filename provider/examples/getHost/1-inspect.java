import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableFunctions;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.GetHostArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var web1 = PortableFunctions.getHost(GetHostArgs.builder()
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
        ctx.export("systemd", web1.applyValue(result -> result.systemdVersion()));
        ctx.export("missing", web1.applyValue(result -> result.missing()));
    }
}
