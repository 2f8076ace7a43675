import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.asset.FileAsset;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.FilesSourceArgs;
import io.github.pulumiportable.portable.inputs.ImageFileArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var hello = new PortableImage("hello", PortableImageArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units("units/hello.service", "units/hello.socket")
                    .tree(Map.of(
                        "/usr/bin/hello", ImageFileArgs.builder()
                            .asset(new FileAsset("bin/hello"))
                            .mode("0755")
                            .build()))
                    .substitutions(Map.of(
                        "helloExe", "/usr/bin/hello"))
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
