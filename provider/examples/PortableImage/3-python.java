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
import io.github.pulumiportable.portable.inputs.PythonRuntimeArgs;
import java.util.Map;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var api = new PortableImage("api", PortableImageArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units("units/api.service")
                    .runtime(ImageRuntimeArgs.builder()
                        .python(PythonRuntimeArgs.builder()
                            .requirements("requirements.txt")
                            .build())
                        .build())
                    .tree(Map.of(
                        "/app/main.py", ImageFileArgs.builder()
                            .asset(new FileAsset("app/main.py"))
                            .build()))
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
