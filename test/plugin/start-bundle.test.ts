import { join } from "node:path";
import { buildSync, type Metafile } from "esbuild";

const root = join(__dirname, "../..");
const { metafile }: { metafile: Metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: ["provider/plugin/main.ts"],
    bundle: true,
    platform: "node",
    external: ["cpu-features", "*.node"],
    loader: { ".sh": "text" },
    metafile: true,
    write: false,
    outfile: "provider.js",
});

/** Files that are loaded with an entry: all static imports, without those of `import()`. */
function loadedWith(entry: string): Set<string> {
    const visited = new Set<string>();
    const visit = (file: string) => {
        if (visited.has(file)) return;
        visited.add(file);
        for (const imported of metafile.inputs[file]?.imports ?? [])
            if (imported.kind !== "dynamic-import" && !imported.external) visit(imported.path);
    };
    visit(entry);
    return visited;
}

test("the bundle has only the protocol's messages of the Pulumi SDK", () => {
    const ofSdk = Object.keys(metafile.inputs).filter((file) => file.startsWith("node_modules/@pulumi/pulumi/"));
    expect(ofSdk.filter((file) => !file.startsWith("node_modules/@pulumi/pulumi/proto/"))).toEqual([]);
    expect(ofSdk).toContain("node_modules/@pulumi/pulumi/proto/resource_grpc_pb.js");
});

test("code for components is only loaded for the first component", () => {
    const start = loadedWith("provider/plugin/main.ts");
    expect(Object.keys(metafile.inputs)).toContain("provider/protocol/construct.ts");
    expect(start).toContain("provider/protocol/service.ts");
    expect([...start].filter((file) => /construct|monitor|resource_grpc_pb|resources\//.test(file))).toEqual([]);
});

test("the code of a resource is only loaded when it is used", () => {
    expect(
        [...loadedWith("provider/package.ts")].filter((file) => /resources\/|functions\/|image\//.test(file)),
    ).toEqual([]);
    const withService = [...loadedWith("provider/resources/attached-service/attached-service.ts")];
    expect(withService.filter((file) => /portable-service|portable-image|image\//.test(file))).toEqual([]);
});
