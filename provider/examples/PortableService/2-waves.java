import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableService;
import io.github.pulumiportable.portable.PortableServiceArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.DirectorySourceArgs;
import io.github.pulumiportable.portable.inputs.HealthArgs;
import io.github.pulumiportable.portable.inputs.HttpCheckArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.WavesArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var web = new PortableService("web", PortableServiceArgs.builder()
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
            .connections(Map.of(
                "web1", ConnectionArgs.builder()
                    .host("web1.example.com")
                    .build(),
                "web2", ConnectionArgs.builder()
                    .host("web2.example.com")
                    .build(),
                "web3", ConnectionArgs.builder()
                    .host("web3.example.com")
                    .build()))
            .waves(WavesArgs.builder()
                .canaryHosts("web1")
                .batchSize(2)
                .build())
            .build());
    }
}
