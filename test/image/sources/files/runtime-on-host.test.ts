import { buildImage } from "../../../../provider/image/image";
import type { Source } from "../../../../provider/image/sources/source";
import { Store } from "../../../../provider/image/store/store";
import { Archive } from "../../../../provider/schema/values";
import { bootHost, type TestHost } from "../../../hosts";
import { run, soon } from "../../on-host";
import { sharedStore } from "../../store/shared-store";
import { workspace } from "../../workspace";

let host: TestHost;
beforeAll(async () => {
    host = await bootHost();
}, 300_000);
afterAll(() => host?.down());

function build(files: NonNullable<Source["files"]>, program: Record<string, string>) {
    const args = { name: "web", version: "1", programDirectory: workspace(program) };
    return buildImage({ files }, args, new Store(sharedStore));
}

const MEMORY = "MemoryDenyWriteExecute=no"; // V8 is a JIT compiler

test("a Node.js HTTP server from `files` answers under the default profile", async () => {
    const image = await build(
        {
            units: [{ name: "web.service", text: "[Service]\nExecStart=/usr/bin/node /opt/app/server.js\n" }],
            tree: { "/opt/app": { asset: new Archive({ path: "app" }) } },
            runtime: { node: { version: "24.11.0" } },
        },
        {
            "app/server.js":
                'require("node:http").createServer((_, answer) => answer.end(`${process.version} ${process.getuid() > 0}\\n`)).listen(8082);\n',
        },
    );
    expect((await host.exec("command -v node")).code).not.toBe(0);
    const running = await run(host, image, { name: "web", settings: MEMORY });
    expect(await soon(() => host.http(8082, "/"))).toEqual({ status: 200, body: "v24.11.0 true\n" });
    await running.detach();
}, 180_000);

test("a Python program with packages from requirements answers under the default profile", async () => {
    const image = await build(
        {
            units: [
                {
                    name: "web.service",
                    text: "[Service]\nExecStart=/opt/venv/bin/waitress-serve --port 8083 app:app\nWorkingDirectory=/opt/app\n",
                },
            ],
            tree: { "/opt/app": { asset: new Archive({ path: "app" }) } },
            runtime: { python: { requirements: "requirements.txt" } },
        },
        {
            "requirements.txt": "waitress==3.0.0\nmarkupsafe==3.0.2\n",
            "app/app.py":
                'import markupsafe, sqlite3, ssl, waitress\nassert markupsafe._speedups and ssl.create_default_context().get_ca_certs()\ndef app(environ, start):\n    start("200 OK", [])\n    return [str(markupsafe.escape("<b>")).encode()]\n',
        },
    );
    const running = await run(host, image, { name: "web" });
    expect(await soon(() => host.http(8083, "/"))).toEqual({ status: 200, body: "&lt;b&gt;" });
    await running.detach();
}, 180_000);
