import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.DirectorySourceArgs;
import io.github.pulumiportable.portable.inputs.HealthArgs;
import io.github.pulumiportable.portable.inputs.HttpCheckArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.InlineDropInArgs;
import java.util.List;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var image = new PortableImage("image", PortableImageArgs.builder()
            .name("hello")
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .directory(DirectorySourceArgs.builder()
                    .path("image")
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
        var hello = new AttachedService("hello", AttachedServiceArgs.builder()
            .image(image.path())
            .dropIns(InlineDropInArgs.builder()
                .unit("hello.service")
                .sections(Map.of(
                    "Service", Map.of(
                        "Environment", Map.of(
                            "NAME", "User"),
                        "BindReadOnlyPaths", List.of("/etc/hello", "/srv/hello"))))
                .build())
            .health(HealthArgs.builder()
                .http(HttpCheckArgs.builder()
                    .port(8080)
                    .path("/health")
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
        ctx.export("serving", hello.serving());
    }
}
