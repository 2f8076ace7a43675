import { execFileSync } from "node:child_process";
import { onHost } from "../acceptance/on-every-engine";
import type { TestHost } from "../hosts";
import type { Declared, Inputs } from "./program";
import { helloImage } from "./scene";

/** The images that values in the table refer to. */
export function others(connection: Inputs): Declared[] {
    const french = {
        name: "hello-french",
        extends: "hello",
        version: "1.0",
        source: {
            files: {
                units: [{ name: "hello-french.service", text: "[Service]\nExecStart=/usr/bin/idle\n" }],
                tree: { "/usr/bin/idle": { asset: { $file: "bin/idle" }, mode: "0755" } },
            },
        },
        connection,
    };
    return [
        { type: "PortableImage", name: "hello-image", inputs: helloImage(connection) },
        { type: "PortableImage", name: "hello-next", inputs: helloImage(connection, {}, { version: "2.0" }) },
        { type: "PortableImage", name: "hello-extension", inputs: french },
    ];
}

/** A Python program that answers HTTP requests with `Hello` on a port with TLS and on a unix socket. */
const FRONT = `
import http.server, os, socketserver, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self): return "x"
    def log_message(self, *words): pass
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hello")
class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): pass
secure = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/truth.pem")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in secure, Unix("/run/truth.sock", Handler): threading.Thread(target=server.serve_forever).start()
`;

/** Starts the server that health checks of some rows ask. */
export async function startFront(host: TestHost): Promise<void> {
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=truth"];
    const key = execFileSync("openssl", ["req", "-x509", ...kind, "-days", "2", "-keyout", "-", "-out", "-"], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    await onHost(host, "cat >/root/truth.pem", key.toString());
    const start = "systemd-run -q --unit truth-front python3 /root/truth.py";
    await onHost(host, `cat >/root/truth.py && ${start} && while ! [ -S /run/truth.sock ]; do sleep 0.1; done`, FRONT);
}
