import { buildImage } from "../../../../provider/image/image";
import type { Source } from "../../../../provider/image/sources/source";
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

function build(name: string, files: NonNullable<Source["files"]>) {
    return buildImage({ files }, { name, version: "1", programDirectory: __dirname }, new Store(workspace()));
}

test("Debian's nginx answers under the default profile, without any file of it on the host", async () => {
    expect((await host.exec("test -e /usr/sbin/nginx")).code).toBe(1);
    const image = await build("nginx", {
        units: [
            {
                name: "nginx.service",
                text: "[Service]\nExecStart=/usr/sbin/nginx -e stderr -c /etc/nginx/nginx.conf -g 'daemon off;'\nRuntimeDirectory=nginx\nStateDirectory=nginx\n",
            },
        ],
        binaries: [{ path: "/usr/sbin/nginx", root }],
        tree: { "/etc/nginx/nginx.conf": { content: NGINX_CONF }, "/srv/www/index.html": { content: "from nginx\n" } },
    });
    const running = await run(host, image, { name: "nginx" });
    expect(await soon(() => host.http(8081, "/"))).toEqual({ status: 200, body: "from nginx\n" });
    await running.detach();
});

test("Debian's redis answers under the default profile, with nothing of it on the host", async () => {
    expect((await host.exec("test -e /usr/bin/redis-server")).code).toBe(1);
    const image = await build("redis", {
        units: [
            {
                name: "redis.service",
                text: "[Service]\nType=notify\nExecStart=/usr/bin/redis-server --port 6380 --supervised systemd --dir /var/lib/redis\nStateDirectory=redis\n",
            },
        ],
        binaries: [{ path: "/usr/bin/redis-server", root }],
    });
    const running = await run(host, image, { name: "redis" });
    const output = await host.exec("printf 'SET a 42\\r\\nGET a\\r\\nSAVE\\r\\n' | nc -N 127.0.0.1 6380");
    expect(output.stdout).toBe("+OK\r\n$2\r\n42\r\n+OK\r\n");
    expect((await host.exec("ls /var/lib/private/redis")).stdout).toBe("dump.rdb\n");
    await running.detach();
});
