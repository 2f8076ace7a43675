import { createServer, type Server } from "node:net";
import path from "node:path";
import type { ClosureSource, NixSource } from "../../../provider/image/sources/nix/schema";
import { failure } from "../../lifecycle/deployment";
import { Provider } from "../../lifecycle/provider";
import { flake, privateNix } from "../sources/nix/nix-store";

/*
 * Findings that need a build: a preview, which builds nothing, doesn't have them; `up` reports them before it connects to
 * the host.
 */

privateNix();
const directory = flake("hello");
let provider: Provider;
let host: Server;
let connections = 0;
beforeAll(async () => {
    const environment = Object.fromEntries(
        Object.entries(process.env).filter(([name]) => /^(NIX|XDG)_/.test(name)),
    ) as Record<string, string>;
    provider = await Provider.start({ directory, environment });
    host = createServer((socket) => {
        connections++;
        socket.destroy();
    });
    await new Promise<void>((listening) => host.listen(0, "127.0.0.1", listening));
}, 120_000);
afterAll(() => host?.close());

/** The flake's image, with another script run in its root. */
const image = (script: string): NixSource => ({
    expression: `derivation {
        name = "hello-img";
        system = builtins.currentSystem;
        builder = "/bin/sh";
        PATH = "/usr/bin:/bin";
        args = [ "-euc" ''
            mkdir root; cd root
            mkdir -p etc/systemd/system bin dev proc sys run tmp var/tmp
            touch etc/machine-id etc/resolv.conf
            echo ID=hello > etc/os-release
            printf '[Service]\\nExecStart=/bin/hello\\n' > etc/systemd/system/hello.service
            printf '#!/bin/hello\\n' > bin/hello
            ${script}
            chmod +x bin/* || true
            mksquashfs . $out -all-root -noappend -quiet -no-progress
        '' ];
    }`,
});

const closure = (text: string, program = ".#hello"): ClosureSource => ({
    programs: { hello: program },
    units: [{ name: "hello.service", text }],
});

const ROWS: [what: string, source: { nix: NixSource } | { closure: ClosureSource }, sentence: string | RegExp][] = [
    [
        "nix: no unit of the name",
        { nix: image("mv etc/systemd/system/hello.service etc/systemd/system/web.service") },
        "PortableImage hello, property source.nix: The image has no unit of 'hello', so there is nothing to attach: it has web.service. Name a unit hello.service or hello-*.service, or set the image's `name`.",
    ],
    [
        "nix: no program",
        { nix: image("rm bin/hello") },
        "PortableImage hello, property source.nix: hello.service:2: ExecStart= runs /bin/hello, and the image has no such file. Add it, or correct the path.",
    ],
    [
        "nix: an empty program",
        { nix: image(": > bin/hello") },
        "PortableImage hello, property source.nix: hello.service:2: ExecStart= runs /bin/hello, an empty file. Build it again.",
    ],
    [
        "nix: no os-release",
        { nix: image("echo 'int main(void){}' | gcc -static -x c -o bin/hello -; rm etc/os-release") },
        "PortableImage hello, property source.nix: /usr/lib/os-release: the image has no os-release, and portablectl refuses it. Add /usr/lib/os-release with ID= and VERSION_ID=, as os-release(5) says.",
    ],
    [
        "nix: no directory for processes",
        { nix: image("echo 'int main(void){}' | gcc -static -x c -o bin/hello -; rmdir proc") },
        "PortableImage hello, property source.nix: /proc: it isn't in the image, and systemd mounts over it: a service would end with 226/NAMESPACE. Add the directory /proc.",
    ],
    [
        "closure: no program",
        { closure: closure("[Service]\nExecStart=@hello@/bin/hallo\n") },
        /^PortableImage hello, property source\.closure: hello\.service:2: ExecStart= runs \S+-hello-1\.0\/bin\/hallo, and the image has no such file\. Add it, or correct the path\.$/,
    ],
    [
        "closure: a program that is a directory",
        { closure: closure("[Service]\nExecStart=@hello@/bin\n") },
        /^PortableImage hello, property source\.closure: hello\.service:2: ExecStart= runs \S+-hello-1\.0\/bin, which is a directory\. Name the program in it\.$/,
    ],
    [
        "closure: a file in place of a program",
        { closure: closure("[Service]\nExecStart=@hello@\n", ".#greeting") },
        /^PortableImage hello, property source\.closure: hello\.service:2: ExecStart= runs \S+-greeting, which may not be executed: it has mode 0644\. Give it mode 0755\.$/,
    ],
];

test.each(ROWS)(
    "%s",
    async (_, source, sentence) => {
        const { port } = host.address() as { port: number };
        const connection = { host: "127.0.0.1", port, user: "root", insecureIgnoreHostKey: true, dialErrorLimit: 1 };
        const program = { name: "hello", version: "1", source, connection };
        const hello = provider.resource("PortableImage", "hello");
        expect((await hello.preview(program)).operation).toBe("create");
        const { message, isPartial } = await failure(hello.up(program));
        if (typeof sentence === "string") expect(message).toBe(sentence);
        else expect(message).toMatch(sentence);
        expect([isPartial, connections]).toEqual([false, 0]);
    },
    60_000,
);

test("findings that need no build are reported by the preview", async () => {
    const source = { closure: { ...closure("[Service]\nExecStart=@hello@/bin/hello\n"), units: ["other.service"] } };
    const hello = provider.resource("PortableImage", "hello");
    const { message } = await failure(hello.preview({ name: "hello", version: "1", source }));
    expect(message).toContain(`There is no 'other.service' (${path.join(directory, "other.service")})`);
});
