import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.asset.FileAsset;
import com.pulumi.resources.CustomResourceOptions;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.DropIn;
import io.github.pulumiportable.portable.DropInArgs;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.enums.OnChange;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.FilesSourceArgs;
import io.github.pulumiportable.portable.inputs.HostFileArgs;
import io.github.pulumiportable.portable.inputs.ImageFileArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.InlineDropInArgs;
import java.util.List;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    private static void stack(Context ctx) {
        var config = ctx.config();
        // A name from ~/.ssh/config, or an address.
        var connection = ConnectionArgs.builder().host(config.get("host").orElse("web1")).build();

        var image = new PortableImage("hello", PortableImageArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units("../units/hello.service", "../units/hello.socket")
                    .tree(Map.of(
                        "/usr/bin/hello",
                        ImageFileArgs.builder().asset(new FileAsset("../bin/hello")).mode("0755").build(),
                        // Where the drop-in below binds the host's directory.
                        "/etc/hello", ImageFileArgs.builder().directory(true).build()))
                    .substitutions(Map.of("helloExe", "/usr/bin/hello")) // @helloExe@ in a unit
                    .build())
                .build())
            .connection(connection)
            .build());

        // Image and drop-ins are updated, restarted and rolled back together.
        var service = new AttachedService("hello", AttachedServiceArgs.builder()
            .image(image.path())
            .dropIns(InlineDropInArgs.builder()
                .unit("hello.service")
                .sections(Map.of("Service", Map.of(
                    "Environment", Map.of("NAME", config.get("name").orElse("User")))))
                .build())
            .connection(connection)
            .build());

        // A drop-in of any unit of the host, on its own.
        new DropIn("hello-page", DropInArgs.builder()
            .unit("hello.service")
            .sections(Map.of("Service", Map.of("BindReadOnlyPaths", List.of("/etc/hello"))))
            .files(Map.of("/etc/hello/page.html", HostFileArgs.builder()
                .content("<h1>Hello, {$NAME}!</h1>\n")
                .mode("0644")
                .build()))
            .onChange(OnChange.Reload)
            .connection(connection)
            .build(), CustomResourceOptions.builder().dependsOn(service).build());

        ctx.export("serving", service.serving());
    }
}
