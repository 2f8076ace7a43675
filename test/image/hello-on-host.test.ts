import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import path from "node:path";
import { buildImage } from "../../provider/image/image";
import { Store } from "../../provider/image/store/store";
import { Asset } from "../../provider/schema/values";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { fileAsset, type Json } from "../lifecycle/deployment";
import { bootTimeoutMs, connectionTo, onHost } from "../lifecycle/hello";
import { Provider } from "../lifecycle/provider";
import { certificate } from "./certificate";
import { debianRoot } from "./debian-root";
import { flake, privateNix } from "./sources/nix/nix-store";
import { layoutFiles, writeFiles } from "./sources/oci/oci-layout";
import { workspace } from "./workspace";

/* Deploys the article's hello from every kind of source, through a provider process as the engine starts it. */

const unit = (program: string) => ({
    name: "hello.service",
    text: `[Unit]\nDescription=Hello world\n[Service]\nType=oneshot\nExecStart=${program}\n[Install]\nWantedBy=multi-user.target\n`,
});

// Debian's package hello with its dependencies. Made before privateNix() changes the cache directory.
const debian = debianRoot(["hello", "base-files"]);
privateNix();
const directory = flake("hello");
const { key, cert } = certificate();
let server: Server;
let download: { url: string; sha256: string };
let provider: Provider;
let host: TestHost;
let before: Snapshot;

beforeAll(async () => {
    const program = path.join(directory, "bin/hello");
    mkdirSync(path.dirname(program));
    execFileSync("cc", ["-static", "-O2", "-o", program, path.join(__dirname, "../../examples/hello-oneshot/hello.c")]);
    const layer = { "bin/": {}, "bin/hello": { mode: 0o755, content: readFileSync(program) } };
    writeFiles(path.join(directory, "layout"), await layoutFiles([{ layers: [layer] }]));
    const files = { units: [unit("/bin/hello")], tree: { "/bin/hello": { asset: new Asset({ path: program }) } } };
    const args = { name: "hello", version: "1", programDirectory: directory };
    const { file, digest } = await buildImage({ files }, args, new Store(workspace()));
    copyFileSync(file, path.join(directory, "hello.raw"));
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) =>
        answer.end(readFileSync(file)),
    );
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as { port: number };
    download = { url: `https://localhost:${port}/hello.raw`, sha256: digest };

    const nix = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(NIX|XDG)_/.test(name)));
    const environment = { ...(nix as Record<string, string>), NODE_EXTRA_CA_CERTS: cert };
    [provider, host] = await Promise.all([Provider.start({ directory, environment }), bootHost()]);
    before = await host.snapshot();
}, bootTimeoutMs);
afterEach(async () => {
    await provider.destroyAll();
    expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
});
afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await host?.down();
});

test.each<[string, () => Json]>([
    [
        "files",
        () => ({
            units: [unit("/bin/hello")],
            tree: { "/bin/hello": { asset: fileAsset("bin/hello"), mode: "0755" } },
        }),
    ],
    ["directory", () => ({ path: debian, units: [unit("/usr/bin/hello")] })],
    ["raw", () => ({ path: "hello.raw" })],
    ["raw", () => download],
    ["nix", () => ({ installable: ".#image" })],
    [
        "closure",
        () => ({
            programs: { hello: ".#hello" },
            units: ["hello.service"],
            substitutions: { helloExe: "@hello@/bin/hello" },
        }),
    ],
    ["oci", () => ({ layout: "layout", units: [unit("/bin/hello")] })],
])(
    "%s (%#): its journal has Hello, world!, and destroy leaves nothing",
    async (kind, source) => {
        const [hello, service] = [
            provider.resource("PortableImage", "hello"),
            provider.resource("AttachedService", "hello"),
        ];
        const connection = connectionTo(host);
        const since = await onHost(host, "date +%s.%N");
        await hello.up({ version: "1", source: { [kind]: source() }, connection });
        await service.up({ image: hello.outputs.path, connection });
        expect(service.outputs.unitStates).toMatchObject({
            "hello.service": { load: "loaded", enablement: "enabled" },
        });
        expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(hello.outputs.path);
        const output = await onHost(host, `journalctl -o cat --no-pager -u hello.service --since @${since}`);
        expect(output.split("\n")).toContain("Hello, world!");
    },
    60_000,
);
