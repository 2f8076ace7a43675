import { spawn } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildImage } from "../../provider/image/image";
import { Store } from "../../provider/image/store/store";
import { certificate } from "../image/certificate";
import { flake } from "../image/sources/nix/nix-store";
import { type ImageParts, layoutFiles, savedFiles, sha256, tarOf, writeFiles } from "../image/sources/oci/oci-layout";
import { workspace } from "../image/workspace";
import type { World } from "./inputs/field";

/* Files, servers and an SSH agent for the values of the table. */

const SERVICE = "[Unit]\nDescription=Other\n[Service]\nExecStart=/usr/bin/hello\n";
const hello = readFileSync(join(__dirname, "../../examples/hello/bin/hello"));
const TAG = "org.opencontainers.image.ref.name";

const container = (more: Partial<ImageParts> = {}): ImageParts => ({
    layers: [{ "usr/": {}, "usr/bin/": {}, "usr/bin/hello": { mode: 0o755, content: hello } }],
    config: { Entrypoint: ["/usr/bin/hello"] },
    ...more,
});
const one = container();
const two = container({ config: { Entrypoint: ["/usr/bin/hello"], Cmd: ["-h"] } });

async function readyImage(mark: string): Promise<Buffer> {
    const files = {
        units: [{ name: "other.service", text: SERVICE }],
        tree: {
            "/usr/bin/hello": { content: hello.toString("latin1"), mode: "0755" },
            "/usr/share/mark": { content: mark },
        },
    };
    const args = { name: "other", version: "1.0", programDirectory: workspace() };
    return readFileSync((await buildImage({ files }, args, new Store(workspace()))).file);
}

type Served = Pick<World, "origin" | "raw" | "oci" | "agentSocketPath">;

/** A server of ready images and container images, and an SSH agent, which run until `stop`; and files for a program. */
export class Places {
    private images: Record<"one" | "two", Buffer> = { one: Buffer.alloc(0), two: Buffer.alloc(0) };
    private readonly ends: (() => void)[] = [];

    async start(): Promise<Served> {
        this.images = { one: await readyImage("one"), two: await readyImage("two") };
        const [first, second] = [await layoutFiles([one]), await layoutFiles([two])];
        const manifestOf = (files: Record<string, Buffer>) =>
            JSON.parse(String(files["index.json"])).manifests[0].digest.slice("sha256:".length) as string;
        const { key, cert } = certificate();
        const blobs = { ...first, ...second };
        const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, ({ url = "" }, answer) => {
            const image = /^\/(one|two)\.raw$/.exec(url)?.[1] as "one" | "two" | undefined;
            const [, kind, digest] = /^\/v2\/acme\/hello\/(manifests|blobs)\/sha256:(\w+)$/.exec(url) ?? [];
            const bytes = image === undefined ? blobs[`blobs/sha256/${digest}`] : this.images[image];
            if (url === "/v2/") answer.end();
            else if (bytes === undefined) answer.writeHead(404).end();
            else {
                const type = kind === "manifests" ? "vnd.oci.image.manifest.v1+json" : "octet-stream";
                answer.writeHead(200, { "content-type": `application/${type}`, "content-length": bytes.length });
                answer.end(bytes);
            }
        });
        await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
        this.ends.push(() => {
            server.closeAllConnections();
            server.close();
        });
        this.trust(cert);
        return {
            origin: `localhost:${(server.address() as { port: number }).port}`,
            raw: { one: sha256(this.images.one), two: sha256(this.images.two) },
            oci: { one: manifestOf(first), two: manifestOf(second) },
            agentSocketPath: await this.agent(),
        };
    }

    stop(): void {
        for (const end of this.ends) end();
    }

    /** Has the programs that are started later trust the server, in addition to the authorities of the system. */
    private trust(certificate: string): void {
        const before = { ...process.env };
        const system = before.SSL_CERT_FILE ?? "/etc/ssl/certs/ca-certificates.crt";
        const bundle = join(workspace(), "authorities.pem");
        writeFileSync(bundle, [system, certificate].map((file) => readFileSync(file, "utf8")).join("\n"));
        Object.assign(process.env, { SSL_CERT_FILE: bundle, NODE_EXTRA_CA_CERTS: bundle });
        this.ends.push(() => {
            process.env = before;
        });
    }

    private async agent(): Promise<string> {
        const socket = join(workspace(), "agent.sock");
        const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
        this.ends.push(() => agent.kill());
        for (let step = 0; step < 100 && !existsSync(socket); step++) await sleep(20);
        return socket;
    }

    /** Writes the files that the sources name into the directory of a program. */
    async fill(directory: string): Promise<void> {
        const write = (files: Record<string, string | Buffer>) =>
            writeFiles(
                directory,
                Object.fromEntries(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)])),
            );
        write({
            "one.raw": this.images.one,
            "two.raw": this.images.two,
            "none.txt": "# no packages\n",
            "requirements.txt": "six==1.16.0\n",
            "newer.txt": "six==1.17.0\n",
        });
        const layouts = { container: [one], containers: [tagged(one, "hello:1"), tagged(two, "hello:2")] };
        for (const [name, images] of Object.entries(layouts))
            writeFiles(join(directory, name), await layoutFiles(images));
        const arm = container({ architecture: "arm", config: { Entrypoint: ["/usr/bin/hello"], Cmd: ["-a"] } });
        writeFiles(join(directory, "platforms"), await layoutFiles([one, arm]));
        write({ "container.tar": await tarOf(await savedFiles([{ ...one, tags: ["hello:1"] }])) });
        for (const [name, text] of Object.entries({
            system: SERVICE,
            "system-next": SERVICE.replace("Other", "Next"),
        })) {
            write({
                [`${name}/usr/lib/os-release`]: "ID=other\n",
                [`${name}/usr/lib/systemd/system/other.service`]: text,
            });
            cpSync(join(directory, "bin/hello"), join(directory, name, "usr/bin/hello"));
        }
        cpSync(join(directory, "system"), join(directory, "system-copy"), { recursive: true });
        this.fillFlakes(directory);
    }

    private fillFlakes(directory: string): void {
        const place = join(directory, "flake");
        renameSync(flake("hello"), place);
        for (const name of ["flake.nix", "default.nix"]) {
            const text = readFileSync(join(place, name), "utf8");
            const renamed = text.replace(/hello\.service/g, "other.service").replace(/hello(_1\.0\.raw)/g, "other$1");
            writeFileSync(join(place, name), renamed.replace("PORTABLE_ID=hello", "PORTABLE_ID=other"));
        }
        renameSync(join(place, "hello.service"), join(place, "other.service"));
        writeFileSync(join(place, "programs.nix"), PROGRAMS);
        cpSync(place, join(directory, "flake-copy"), { recursive: true });
        cpSync(place, join(directory, "flake-next"), { recursive: true });
        writeFileSync(join(directory, "flake-next/other.service"), "[Service]\nExecStart=@helloExe@ -h\n");
        copyFileSync(join(place, "cowsay.c"), join(directory, "flake-next/hello.c"));
    }
}

const tagged = (image: ImageParts, tag: string): ImageParts => ({ ...image, annotations: { [TAG]: tag } });

const PROGRAMS = `{ greeting ? "Hello, world!" }:
let
    run = (import ./local.nix).run builtins.currentSystem;
in
{
    hello = run "hello" ''
        mkdir -p $out/bin
        echo 'int main(void) { return puts("\${greeting}"); }' | gcc -static -w -x c -include stdio.h -o $out/bin/hello -
    '';
}
`;
