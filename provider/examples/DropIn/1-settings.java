import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.DropIn;
import io.github.pulumiportable.portable.DropInArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import java.util.List;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var limits = new DropIn("limits", DropInArgs.builder()
            .unit("nginx.service")
            .sections(Map.of(
                "Service", Map.of(
                    "LimitNOFILE", 65536,
                    "MemoryMax", "512M",
                    "SystemCallFilter", List.of("@system-service", "~@privileged"))))
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
