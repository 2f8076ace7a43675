import com.pulumi.Context;
import com.pulumi.Pulumi;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.RawSourceArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var hello = new PortableImage("hello", PortableImageArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .raw(RawSourceArgs.builder()
                    .url("https://example.com/hello_1.0.raw")
                    .sha256("9c54ce9c005d46468d10929448ebd5049c54ce9c005d46468d10929448ebd504")
                    .build())
                .build())
            .connection(ConnectionArgs.builder()
                .host("web1")
                .build())
            .build());
    }
}
