import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.asset.FileAsset;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.FilesSourceArgs;
import io.github.pulumiportable.portable.inputs.ImageFileArgs;
import io.github.pulumiportable.portable.inputs.ImageRuntimeArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.NodeRuntimeArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var web = new PortableImage("web", PortableImageArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units("units/web.service", "units/web.socket")
                    .runtime(ImageRuntimeArgs.builder()
                        .node(NodeRuntimeArgs.builder()
                            .version("24.11.0")
                            .build())
                        .build())
                    .tree(Map.of(
                        "/app/server.js", ImageFileArgs.builder()
                            .asset(new FileAsset("app/server.js"))
                            .build()))
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
