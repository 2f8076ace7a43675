import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.asset.FileAsset;
import com.pulumi.asset.StringAsset;
import com.pulumi.resources.CustomResourceOptions;
import io.github.pulumiportable.portable.AttachedService;
import io.github.pulumiportable.portable.AttachedServiceArgs;
import io.github.pulumiportable.portable.DropIn;
import io.github.pulumiportable.portable.DropInArgs;
import io.github.pulumiportable.portable.PortableFunctions;
import io.github.pulumiportable.portable.PortableImage;
import io.github.pulumiportable.portable.PortableImageArgs;
import io.github.pulumiportable.portable.PortableService;
import io.github.pulumiportable.portable.PortableServiceArgs;
import io.github.pulumiportable.portable.enums.CopyMode;
import io.github.pulumiportable.portable.enums.ImageFormat;
import io.github.pulumiportable.portable.enums.OnChange;
import io.github.pulumiportable.portable.enums.Preset;
import io.github.pulumiportable.portable.enums.Profile;
import io.github.pulumiportable.portable.enums.Rollback;
import io.github.pulumiportable.portable.inputs.ConnectionArgs;
import io.github.pulumiportable.portable.inputs.FilesSourceArgs;
import io.github.pulumiportable.portable.inputs.GetHostArgs;
import io.github.pulumiportable.portable.inputs.HealthArgs;
import io.github.pulumiportable.portable.inputs.HostFileArgs;
import io.github.pulumiportable.portable.inputs.HttpCheckArgs;
import io.github.pulumiportable.portable.inputs.ImageFileArgs;
import io.github.pulumiportable.portable.inputs.ImageSourceArgs;
import io.github.pulumiportable.portable.inputs.ImageUnitArgs;
import io.github.pulumiportable.portable.inputs.InlineDropInArgs;
import io.github.pulumiportable.portable.inputs.UnitOverrideArgs;
import io.github.pulumiportable.portable.inputs.WavesArgs;
import io.github.pulumiportable.portable.outputs.UnitState;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** everything.yaml in Java, written by hand, as the converter's output is wrong. */
public class App {
    private static final String MOTTO = """
        [Unit]
        Description=A motto

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/usr/bin/motto

        [Install]
        WantedBy=multi-user.target
        """;

    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    /** Only plain values can be exported. */
    private static Map<String, Map<String, String>> plain(Map<String, UnitState> states) {
        return states.entrySet().stream().collect(Collectors.toMap(
            Map.Entry::getKey,
            entry -> Map.of("active", entry.getValue().active(), "sub", entry.getValue().sub())));
    }

    private static void stack(Context ctx) {
        var config = ctx.config();
        var name = config.get("name").orElse("User");
        var hidden = config.requireSecret("token");
        var connection = ConnectionArgs.builder().host(config.require("host")).build();

        var facts = PortableFunctions.getHost(GetHostArgs.builder().connection(connection).build());

        var image = new PortableImage("image", PortableImageArgs.builder()
            .name("hello")
            .version("1.0")
            .format(ImageFormat.Squashfs)
            .retain(1)
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units("units/hello.service", "units/hello.socket")
                    .tree(Map.of(
                        "/usr/bin/hello", ImageFileArgs.builder().asset(new FileAsset("bin/hello")).mode("0755").build(),
                        "/etc/hello", ImageFileArgs.builder().directory(true).build()))
                    .substitutions(Map.of("helloExe", "/usr/bin/hello"))
                    .build())
                .build())
            .connection(connection)
            .build());

        var service = new AttachedService("service", AttachedServiceArgs.builder()
            .image(image.path())
            .profile(Profile.Default_)
            .copy(CopyMode.Auto)
            .rollback(Rollback.Always)
            .units(Map.of("hello.service", UnitOverrideArgs.builder().enable(true).presets(Preset.Jit).build()))
            .dropIns(InlineDropInArgs.builder()
                .unit("hello.service")
                .sections(Map.of("Service", Map.of(
                    "Environment", Map.of("NAME", name),
                    "BindReadOnlyPaths", List.of("/etc/hello"),
                    "Nice", 5,
                    "LogRateLimitBurst", 0,
                    "PrivateTmp", true)))
                .build())
            .files(Map.of(
                "/etc/hello/page.html", HostFileArgs.builder()
                    .asset(new StringAsset("<h1>Hello, {$NAME}!</h1>\n"))
                    .build(),
                "/etc/hello/token", HostFileArgs.builder().content(hidden).mode("0600").build()))
            .health(HealthArgs.builder()
                .http(HttpCheckArgs.builder().port(8080).status(200).build())
                .stableSeconds(0.5)
                .build())
            .connection(connection)
            .build());

        new DropIn("window", DropInArgs.builder()
            .unit("hello.service")
            .name("60-window.conf")
            .sections(Map.of("Unit", Map.of(
                "Documentation", List.of("https://example.com/hello", "man:systemd(1)"))))
            .onChange(OnChange.None)
            .connection(connection)
            .build(), CustomResourceOptions.builder().dependsOn(service).build());

        var motto = new PortableService("motto", PortableServiceArgs.builder()
            .version("1.0")
            .source(ImageSourceArgs.builder()
                .files(FilesSourceArgs.builder()
                    .units(ImageUnitArgs.builder().name("motto.service").text(MOTTO).build())
                    .tree(Map.of("/usr/bin/motto",
                        ImageFileArgs.builder().asset(new FileAsset("bin/motto")).mode("0755").build()))
                    .build())
                .build())
            .connections(Map.of("web1", connection))
            .waves(WavesArgs.builder().canaryHosts("web1").build())
            .build());

        ctx.export("missing", facts.applyValue(found -> found.missing()));
        ctx.export("machineId", facts.applyValue(found -> found.machineId()));
        ctx.export("serviceMachineId", service.machineId());
        ctx.export("unitStates", service.unitStates().applyValue(App::plain));
        ctx.export("hosts", motto.hosts().applyValue(hosts -> Map.of("web1", Map.of(
            "machineId", hosts.get("web1").machineId(),
            "unitStates", plain(hosts.get("web1").unitStates())))));
        ctx.export("hiddenToken", hidden);
    }
}
