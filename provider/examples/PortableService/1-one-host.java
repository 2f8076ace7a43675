import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableService;
import io.github.pulumiportable.portable.PortableServiceArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.DirectorySourceArgs;
import io.github.pulumiportable.portable.inputs.HealthArgs;
import io.github.pulumiportable.portable.inputs.HttpCheckArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var hello = new PortableService("hello", PortableServiceArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .directory(DirectorySourceArgs.builder()
                    .path("image")
                    .build())
                .build())
            .health(HealthArgs.builder()
                .http(HttpCheckArgs.builder()
                    .port(8080)
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
