import { cpSync } from "node:fs";
import path from "node:path";
import { buildImage } from "../../../../provider/image/image";
import type { Source } from "../../../../provider/image/sources/source";
import { Store } from "../../../../provider/image/store/store";
import { bootHost, type TestHost } from "../../../hosts";
import { run, soon } from "../../on-host";
import { workspace } from "../../workspace";
import { flake, privateNix } from "./nix-store";

const storeDirectory = privateNix();
let host: TestHost;
beforeAll(async () => {
    host = await bootHost();
}, 300_000);
afterAll(() => host?.down());

function build(name: string, source: Source, programDirectory = flake("hello")) {
    return buildImage(source, { name, version: "1", programDirectory }, new Store(workspace()));
}

async function expectHello(image: { file: string }): Promise<void> {
    expect((await host.exec(`test -e ${storeDirectory} || command -v nix`)).code).not.toBe(0);
    const since = (await host.exec("date +%s.%N")).stdout.trim();
    const running = await run(host, image, { name: "hello" });
    await soon(async () => {
        const { stdout } = await host.exec(`journalctl -o cat --no-pager -u hello.service --since @${since}`);
        expect(stdout).toContain("Hello, world!\n");
    });
    await running.detach();
}

async function expectMoo(image: { file: string }): Promise<void> {
    const running = await run(host, image, { name: "cowsay", unit: "cowsay.socket" });
    const output = await host.exec("for word in hello moo; do echo $word | nc -N 127.0.0.1 3000; done");
    expect(output.stdout).toBe("< hello >\n< moo >\n");
    await running.detach();
}

test.each<[string, Source]>([
    ["an image that nix built", { nix: { installable: ".#image" } }],
    [
        "the closure of a program, by its store path",
        {
            closure: {
                programs: { hello: ".#hello" },
                units: ["hello.service"],
                substitutions: { helloExe: "@hello@/bin/hello" },
            },
        },
    ],
    [
        "the closure of a program, by a path of its own",
        {
            closure: {
                programs: { hello: ".#hello" },
                units: [{ name: "hello.service", text: "[Service]\nType=oneshot\nExecStart=/bin/hello\n" }],
                tree: { "/bin/hello": { symlink: "@hello@/bin/hello" } },
            },
        },
    ],
])("%s says hello on a host without nix", async (_, source) => {
    await expectHello(await build("hello", source));
});

test("a socket starts an instance of a template for each connection", async () => {
    const closure = {
        programs: { cowsay: ".#cowsay" },
        units: ["cowsay@.service", "cowsay.socket"],
        substitutions: { cowsayExe: "@cowsay@/bin/cowsay" },
    };
    await expectMoo(await build("cowsay", { closure }));
});

test("the flake of examples/hello-nix can be deployed as image and as closure, with a stand-in for nixpkgs", async () => {
    const directory = path.join(workspace(), "hello-nix");
    cpSync(path.resolve(__dirname, "../../../../examples/hello-nix"), directory, { recursive: true });
    const inputs = (["nixpkgs", "flake-utils"] as const).flatMap((name) => [
        "--override-input",
        name,
        `path:${flake(name)}`,
    ]);
    const nix = { installable: ".#packages.x86_64-linux.default", arguments: inputs };
    await expectHello(await build("hello", { nix }, directory));
    const closure = {
        programs: { cowsay: ".#packages.x86_64-linux.cowsay" },
        units: ["units/cowsay@.service", "units/cowsay.socket"],
        arguments: inputs,
    };
    await expectMoo(await build("cowsay", { closure }, directory));
});
