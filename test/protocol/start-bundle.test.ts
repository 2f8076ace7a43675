import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

const root = join(__dirname, "../..");
const { lean } = require("../../scripts/lean.cjs") as { lean: Plugin };
let metafile: Metafile;
beforeAll(async () => {
    ({ metafile } = await build({
        absWorkingDir: root,
        entryPoints: ["provider/main.ts"],
        bundle: true,
        platform: "node",
        external: ["cpu-features", "*.node"],
        plugins: [lean],
        metafile: true,
        write: false,
        outfile: "provider.js",
    }));
});

/** What is evaluated with a file: all that is imported, but not what `import()` brings, or a first use. */
function loadedWith(entry: string): Set<string> {
    const seen = new Set<string>();
    const visit = (file: string) => {
        if (seen.has(file)) return;
        seen.add(file);
        for (const each of metafile.inputs[file]?.imports ?? [])
            if (each.kind !== "dynamic-import" && !each.external && !each.path.startsWith("when-used:"))
                visit(each.path);
    };
    visit(entry);
    return seen;
}

test("of the Pulumi SDK, the provider has the messages of the protocol alone", () => {
    const ofSdk = Object.keys(metafile.inputs).filter((file) => file.startsWith("node_modules/@pulumi/pulumi/"));
    expect(ofSdk.filter((file) => !file.startsWith("node_modules/@pulumi/pulumi/proto/"))).toEqual([]);
    expect(ofSdk).toContain("node_modules/@pulumi/pulumi/proto/resource_grpc_pb.js");
});

test("what makes components is loaded when the first one is asked for", () => {
    const start = loadedWith("provider/main.ts");
    expect(Object.keys(metafile.inputs)).toContain("provider/protocol/construct.ts");
    expect(start).toContain("provider/protocol/service.ts");
    expect([...start].filter((file) => /construct|monitor|resource_grpc_pb|resources\//.test(file))).toEqual([]);
});

test("of gRPC, a start loads the half that serves", () => {
    const start = [...loadedWith("provider/main.ts")].filter((file) => file.startsWith("node_modules/@grpc/grpc-js/"));
    expect(start).toContain("node_modules/@grpc/grpc-js/build/src/server.js");
    expect(
        start.filter((file) => /\/(index|client|channel|internal-channel|subchannel|transport)\.js$/.test(file)),
    ).toEqual([]);
});

test("of the resources, a start loads the one that is asked for", () => {
    expect(
        [...loadedWith("provider/portable.ts")].filter((file) => /resources\/|functions\/|image\//.test(file)),
    ).toEqual([]);
    const withService = [...loadedWith("provider/resources/attached-service.ts")];
    expect(withService.filter((file) => /portable-service|portable-image|image\//.test(file))).toEqual([]);
});

test("messages that are made when they are used are the SDK's, but for their text form", async () => {
    for (const file of ["provider_pb", "resource_pb"]) {
        const entryPoints = [`node_modules/@pulumi/pulumi/proto/${file}.js`];
        const bundled = await build({
            ...{ absWorkingDir: root, entryPoints, bundle: true, format: "cjs", write: false, plugins: [lean] },
            external: ["google-protobuf"],
        });
        const made = { exports: {} as Record<string, Message> };
        new Function("require", "module", "exports", bundled.outputFiles[0]?.text ?? "")(require, made, made.exports);
        const ofSdk: Record<string, Message> = require(`@pulumi/pulumi/proto/${file}`);
        expect(Object.keys(made.exports).sort()).toEqual(Object.keys(ofSdk).sort());
        for (const [name, message] of Object.entries(ofSdk)) {
            const own = made.exports[name] as Message;
            expect(membersOf(own)).toEqual(membersOf(message));
            if (message.deserializeBinary) expect(own.deserializeBinary(new Uint8Array())).toBeInstanceOf(own);
        }
    }
});

// biome-ignore lint/suspicious/noExplicitAny: an enum is one too.
type Message = any;

function membersOf(message: Message): string[] {
    const members = [...Object.keys(message), ...Object.keys(message.prototype ?? {})];
    return members.filter((name) => name !== "toObject").sort();
}
