import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.core.Output;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.HostFileArgs;
import io.github.pulumiportable.portable.inputs.InlineDropInArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var token = ctx.config().require("token");
        var hello = new AttachedService("hello", AttachedServiceArgs.builder()
            .image("/var/lib/portables/hello_1.0.raw")
            .files(Map.of(
                "/etc/hello/token", HostFileArgs.builder()
                    .content(Output.ofSecret(token))
                    .mode("0600")
                    .build()))
            .dropIns(InlineDropInArgs.builder()
                .unit("hello.service")
                .sections(Map.of(
                    "Service", Map.of(
                        "LoadCredential", "token:/etc/hello/token")))
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
