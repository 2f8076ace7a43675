import { execFileSync } from "node:child_process";
import { failure, fileAsset, type Json } from "./deployment";
import { image, inlineName, onHost } from "./hello";
import { helloHost } from "./hello-host";

/** Answers on a port, on another one with TLS, and on a Unix socket; the path of a request is the status of its answer. */
const FRONT = `
import http.server, os, socketserver, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self): return "x"
    def log_message(self, *words): pass
    def do_GET(self):
        body = ("front for %s, probe %s" % (self.headers["Host"], self.headers["X-Probe"])).encode()
        self.send_response(int(self.path.strip("/") or 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): pass
plain = http.server.ThreadingHTTPServer(("127.0.0.1", 8090), Handler)
secure = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/front.pem")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in plain, secure, Unix("/run/front.sock", Handler): threading.Thread(target=server.serve_forever).start()
`;

/** Succeeds only inside the image, in the mount namespace of the service's process and as its unprivileged user. */
const PROBE = `
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main() {
    struct stat state;
    if (access("/usr/share/mark", R_OK) || stat("/run/hello/control", &state)) { perror("probe"); return 4; }
    printf("user %d, group %d of the file %d, %d\\n", getuid(), getgid(), state.st_uid, state.st_gid);
    return getuid() == 0 || getuid() != state.st_uid || getgid() != state.st_gid;
}`;

const { program, provider, host, connection, expectUntouched } = helloHost({
    prepare: () => program.compile("probe", PROBE),
});
const service = provider.resource("AttachedService", "hello");
let path: unknown;
let count = 0;

beforeAll(async () => {
    const key = execFileSync(
        "openssl",
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=front -days 2 -keyout - -out -".split(
            " ",
        ),
        { stdio: ["ignore", "pipe", "ignore"] },
    );
    await onHost(host, "cat >/root/front.pem", key.toString());
    await onHost(
        host,
        "cat >/root/front.py && systemd-run -q --unit front python3 /root/front.py && while ! [ -S /run/front.sock ]; do sleep 0.1; done",
        FRONT,
    );
    const hello = provider.resource("PortableImage", "hello");
    const made = image(connection);
    (made.source as { files: { tree: Json } }).files.tree["/usr/bin/probe"] = {
        asset: fileAsset("bin/probe"),
        mode: "0755",
    };
    await hello.up(made);
    path = hello.outputs.path;
});

/** Inputs with the health check, and with another environment than before, so that the service is restarted. */
const inputs = (health: Json): Json => ({
    image: path,
    dropIns: [
        inlineName(`${++count}`),
        { unit: "hello.service", name: "60-alias.conf", text: "[Install]\nAlias=www.service\n" },
    ],
    // The unit is disabled, so its alias doesn't exist on the host.
    units: { "www.service": { enable: false } },
    health,
    connection,
});

const front = "front for localhost, probe None";
test.each<[string, Json]>([
    ["an HTTP request to a port", { http: { port: 8080 } }],
    [
        "a path, a status that is wanted, and a body",
        { http: { port: 8090, path: "/404", status: [404], body: `^${front}$` } },
    ],
    [
        "headers",
        {
            http: {
                port: 8090,
                headers: { Host: "front.example", "X-Probe": "7" },
                body: "for front.example, probe 7$",
            },
        },
    ],
    ["a unix socket", { http: { socket: "/run/front.sock", body: front } }],
    ["HTTPS, with a certificate of its own", { http: { port: 8443, tls: true, body: front } }],
    ["a TCP connection", { tcp: { port: 8080 } }],
    ["a command on the host", { command: { command: ["grep", "-q", "^deploy:", "/etc/passwd"] } }],
    [
        "a command in the image, in the mounts of the service",
        { command: { command: ["/usr/bin/probe"], inside: "hello.service" } },
    ],
    [
        "a command in the image of a unit that is named by an alias",
        { command: { command: ["/usr/bin/probe"], inside: "www.service" } },
    ],
    [
        "all at once",
        { http: { port: 8080, body: "Hello" }, tcp: { port: 8090 }, command: { command: ["true"] }, stableSeconds: 1 },
    ],
])("%s passes", async (_, health) => {
    await service.up(inputs(health));
    expect((await host.http(8080, "/")).body).toBe(`Hello, ${count}!\n`);
});

const http = "http://127.0.0.1:8090";
test.each<[string, Json, string]>([
    [
        "a status that isn't wanted",
        { http: { port: 8090, path: "/503" } },
        `${http}/503 answered 503, 1 s after the start`,
    ],
    [
        "another status than the one that is wanted",
        { http: { port: 8090, status: [204] } },
        `${http}/ answered 200, 1 s after the start`,
    ],
    [
        "another body",
        { http: { port: 8090, body: "all good" } },
        `${http}/ answered 200, but its body doesn't match all good, 1 s after the start`,
    ],
    ["no TLS there", { http: { port: 8090, tls: true } }, "https://127.0.0.1:8090/ gave no answer: "],
    ["no listener at the port", { http: { port: 8099 } }, "8099"],
    ["no listener at the socket", { http: { socket: "/run/nobody.sock" } }, "/run/nobody.sock"],
    ["a TCP port that refuses", { tcp: { port: 8099 } }, "8099"],
    [
        "a command that fails, with its output",
        { command: { command: ["sh", "-c", "echo no good; exit 3"] } },
        "no good",
    ],
    [
        "a command that isn't in the image",
        { command: { command: ["/usr/bin/none"], inside: "hello.service" } },
        "/usr/bin/none",
    ],
])("%s: the update fails within its time, and the previous version is running", async (_, health, expected) => {
    const before = (await host.http(8080, "/")).body;
    const failed = await failure(service.up(inputs({ ...health, timeoutSeconds: 1 })));
    expect(failed.isPartial).toBe(true);
    expect(failed.message).toMatch(/^[Tt]he health (check|command) failed on /);
    expect(failed.message).toContain(expected);
    expect(failed.message).toContain(`The image, drop-ins and files were rolled back: ${path} is running`);
    expect((await host.http(8080, "/")).body).toBe(before);
});

test("the restored version is checked, too, and the error has the result", async () => {
    const failed = await failure(service.up(inputs({ http: { port: 8090, path: "/500" }, timeoutSeconds: 1 })));
    expect(failed.message).toContain(`${path} is running, but isn't healthy either: ${http}/500 answered 500`);
});

test("an invalid check is refused without the host", async () => {
    const refusal = async (health: Json) => (await failure(service.preview(inputs(health)))).message;
    expect(await refusal({ http: {} })).toContain("health.http: needs either `port` or `socket`, exactly one of them");
    expect(await refusal({ http: { port: 80, body: "(" } })).toContain("health.http.body: isn't a regular expression");
});

describe("where sshd forbids forwarding", () => {
    const forbid = "echo AllowTcpForwarding no >/etc/ssh/sshd_config.d/health.conf; systemctl reload ssh";
    const allow = "rm -f /etc/ssh/sshd_config.d/health.conf; systemctl reload ssh";
    const hide =
        "mv /bin/bash /bin/bash.away; mv /usr/bin/curl /usr/bin/curl.away; sed -i 1s#/bin/bash#/bin/sh# /etc/passwd";
    const show =
        "mv /bin/bash.away /bin/bash; mv /usr/bin/curl.away /usr/bin/curl; sed -i 1s#/bin/sh#/bin/bash# /etc/passwd";

    test("the host itself makes the connection; if it can't, the check is refused before the switch", async () => {
        // Another comment in hostKey makes the provider open a new connection, to which sshd's new settings apply.
        const second = { ...connection, hostKey: `${host.hostKey} second` };
        const third = { ...connection, hostKey: `${host.hostKey} third` };
        await onHost(host, forbid);
        try {
            await service.up({ ...inputs({ http: { port: 8080 } }), connection: second });
            await onHost(host, hide);
            try {
                const failed = await failure(service.up({ ...inputs({ tcp: { port: 8080 } }), connection: third }));
                expect(failed.isPartial).toBe(false);
                expect(failed.message).toContain("property health.tcp");
                expect(failed.message).toContain("the host has neither bash nor curl to do it instead");
            } finally {
                await host.exec(show);
            }
        } finally {
            await host.exec(allow);
        }
    });
});

test("destroy leaves nothing", async () => {
    await provider.destroyAll();
    await onHost(host, "systemctl stop front; rm -f /root/front.* /run/front.sock");
    await expectUntouched();
});
