import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.DirectorySourceArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var staging = new PortableImage("staging", PortableImageArgs.builder()
            .name("hello")
            .instance("staging")
            .version("1.1")
            .source(ImageSourceArgs.builder()
                .directory(DirectorySourceArgs.builder()
                    .path("image")
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
