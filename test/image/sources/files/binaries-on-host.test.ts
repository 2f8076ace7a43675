import { buildImage } from "../../../../provider/image/image";
import type { FilesSource } from "../../../../provider/image/sources/files/schema";
import { Store } from "../../../../provider/image/store/store";
import { bootHost, type TestHost } from "../../../hosts";
import { debianRoot } from "../../debian-root";
import { run, soon } from "../../on-host";
import { workspace } from "../../workspace";

const NGINX_CONF = `
    pid /run/nginx/pid;
    error_log stderr;
    events {}
    http {
        access_log off;
        server { listen 8081; root /srv/www; }
    }`;

let host: TestHost;
let root: string;
beforeAll(async () => {
    root = debianRoot(["nginx", "redis-server"]);
    host = await bootHost();
}, 300_000);
afterAll(() => host?.down());

/** Runs a program of `root` as a portable service on the host, on which it isn't installed. */
async function runWithout(program: string, name: string, service: string, tree: FilesSource["tree"] = {}) {
    expect((await host.exec(`test -e ${program}`)).code).toBe(1);
    const files: FilesSource = {
        units: [{ name: `${name}.service`, text: `[Service]\nExecStart=${program} ${service}` }],
        binaries: [{ path: program, root }],
        tree,
    };
    const args = { name, version: "1", programDirectory: __dirname };
    return run(host, await buildImage({ files }, args, new Store(workspace())), { name });
}

test("Debian's nginx answers under the default profile on a host without nginx", async () => {
    const service =
        "-e stderr -c /etc/nginx/nginx.conf -g 'daemon off;'\nRuntimeDirectory=nginx\nStateDirectory=nginx\n";
    const running = await runWithout("/usr/sbin/nginx", "nginx", service, {
        "/etc/nginx/nginx.conf": { content: NGINX_CONF },
        "/srv/www/index.html": { content: "from nginx\n" },
    });
    expect(await soon(() => host.http(8081, "/"))).toEqual({ status: 200, body: "from nginx\n" });
    await running.detach();
});

test("Debian's redis answers under the default profile on a host without redis", async () => {
    const service = "--port 6380 --supervised systemd --dir /var/lib/redis\nType=notify\nStateDirectory=redis\n";
    const running = await runWithout("/usr/bin/redis-server", "redis", service);
    const output = await host.exec("printf 'SET a 42\\r\\nGET a\\r\\nSAVE\\r\\n' | nc -N 127.0.0.1 6380");
    expect(output.stdout).toBe("+OK\r\n$2\r\n42\r\n+OK\r\n");
    expect((await host.exec("ls /var/lib/private/redis")).stdout).toBe("dump.rdb\n");
    await running.detach();
});
