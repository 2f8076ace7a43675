import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { buildImage } from "../../../../provider/image/image";
import type { OciSource } from "../../../../provider/image/sources/oci/schema";
import { Store } from "../../../../provider/image/store/store";
import { freePort } from "../../../free-port";
import { bootHost, type TestHost } from "../../../hosts";
import { run, soon } from "../../on-host";
import { workspace } from "../../workspace";
import { nodeFiles } from "../files/node-files";
import { type ImageParts, layoutFiles, writeFiles } from "./oci-layout";

/** The registry that `scripts/setup.sh test` unpacked. */
const registryProgram = path.join(
    process.env.PORTABLE_TEST_CACHE ??
        path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "portable-test"),
    "docker-registry/usr/bin/docker-registry",
);

let host: TestHost;
let store: string;
beforeAll(async () => {
    store = mkdtempSync(path.join(tmpdir(), "image-test-store-"));
    process.env.PORTABLE_STORE = store;
    host = await bootHost();
}, 300_000);
afterAll(async () => {
    delete process.env.PORTABLE_STORE;
    await host?.down();
    rmSync(store, { recursive: true, force: true });
});

function build(oci: OciSource, name: string, programDirectory: string) {
    return buildImage({ oci }, { name, version: "1", programDirectory }, new Store(store));
}

const hello: ImageParts = {
    layers: [
        {
            "bin/": {},
            "bin/hello": {
                mode: 0o755,
                content: readFileSync(path.resolve(__dirname, "../../../../examples/hello/bin/hello")),
            },
        },
        { "srv/": { uid: 1000, mode: 0o700 }, "srv/greeting": { uid: 1000, mode: 0o600, content: "hi" } },
    ],
    // It exits with an error without a socket from systemd.
    config: { Entrypoint: ["hello"], Env: ["PATH=/bin"], WorkingDir: "/srv", User: "1000" },
};

test("a static program runs with the environment, user and directory of its container", async () => {
    const directory = writeFiles(workspace(), await layoutFiles([hello]));
    const image = await build({ layout: "." }, "static", directory);
    const running = await run(host, image, { name: "static", mayEnd: true });
    await soon(async () => expect(await running.journal()).toMatch(/socket|LISTEN_FDS/i));
    expect((await host.exec("systemctl show -p WorkingDirectory,ExecMainStatus static")).stdout).toContain(
        "WorkingDirectory=/srv\n",
    );
    await running.detach();
});

test("a Node.js HTTP server of two layers answers under the default profile", async () => {
    const server =
        'require("node:http").createServer((_, answer) => answer.end(process.env.GREETING + require("./name.json"))).listen(8084);';
    const files = await layoutFiles([
        {
            layers: [await nodeFiles(), { "app/": {}, "app/server.js": server, "app/name.json": '"User"' }],
            config: {
                Entrypoint: ["node"],
                Cmd: ["server.js"],
                Env: ["PATH=/usr/local/bin:/usr/bin", "GREETING=Hello 100%, $"],
                WorkingDir: "/app",
                ExposedPorts: { "8084/tcp": {} },
                User: "node",
            },
        },
    ]);
    const image = await build({ layout: "." }, "web", writeFiles(workspace(), files));
    expect(image.unitTexts["web.service"]).toContain("\nExecStart=/usr/bin/node server.js\n");
    const running = await run(host, image, { name: "web", settings: "MemoryDenyWriteExecute=no" });
    expect(await soon(() => host.http(8084, "/"))).toEqual({ status: 200, body: "Hello 100%, $User" });
    await running.detach();
}, 180_000);

test("an image is fetched once from a registry, by its digest", async () => {
    const directory = writeFiles(workspace(), await layoutFiles([hello]));
    const port = await freePort();
    const configuration = path.join(directory, "registry.yml");
    writeFileSync(
        configuration,
        `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${directory}/registry}}\nhttp: {addr: "127.0.0.1:${port}"}\n`,
    );
    const home = workspace({
        ".config/containers/registries.conf": `[[registry]]\nlocation = "127.0.0.1:${port}"\ninsecure = true\n`,
    });
    const { HOME } = process.env;
    process.env.HOME = home;
    const env = process.env;
    const server = spawn(registryProgram, ["serve", configuration], { stdio: "ignore" });
    const name = `127.0.0.1:${port}/acme/hello`;
    try {
        await soon(async () => {
            execFileSync("skopeo", ["copy", "--quiet", `oci:${directory}`, `docker://${name}:1`], {
                stdio: "pipe",
                env,
            });
        });
        const digest = execFileSync("skopeo", ["inspect", "--format", "{{.Digest}}", `docker://${name}:1`], {
            encoding: "utf8",
            env,
        }).trim();
        const reference = `${name}:1@${digest}`;
        const image = await build({ reference }, "hello", directory);
        const local = await build({ layout: "." }, "hello", directory);
        expect(image.digest).toBe(local.digest);
        expect(image.unitTexts).toEqual(local.unitTexts);
        server.kill();
        await new Promise((ended) => server.once("exit", ended));
        expect((await build({ reference }, "hello", directory)).digest).toBe(image.digest);
        const other = `${name}@sha256:${"a".repeat(64)}`;
        await expect(build({ reference: other }, "hello", directory)).rejects.toThrow(
            `${other} couldn't be fetched. Look at its name, and at the login of the registry: \`skopeo login REGISTRY\`.`,
        );
    } finally {
        server.kill();
        process.env.HOME = HOME;
    }
}, 120_000);
