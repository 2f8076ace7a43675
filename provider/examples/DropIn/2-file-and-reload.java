import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.DropIn;
import io.github.pulumiportable.portable.DropInArgs;
import io.github.pulumiportable.portable.enums.OnChange;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.HostFileArgs;
import java.util.List;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var page = new DropIn("page", DropInArgs.builder()
            .unit("hello.service")
            .sections(Map.of(
                "Service", Map.of(
                    "BindReadOnlyPaths", List.of("/etc/hello"))))
            .files(Map.of(
                "/etc/hello/page.html", HostFileArgs.builder()
                    .content("Hello!")
                    .mode("0644")
                    .build()))
            .onChange(OnChange.Reload)
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
