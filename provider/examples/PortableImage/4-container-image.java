import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.OciSourceArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var cache = new PortableImage("cache", PortableImageArgs.builder()
            .version("8.0")
            .source(ImageSourceArgs.builder()
                .oci(OciSourceArgs.builder()
                    .archive("cache.tar")
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
