import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import { sh } from "../../provider/host/shell";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, explicit, onBothClients, whoami, withPool } from "./hosts";

const directory = mkdtempSync(join(tmpdir(), "portable-test-picky-"));
const small = join(directory, "small");
writeFileSync(small, "content of the file\n");
afterAll(() => rmSync(directory, { recursive: true }));

onBothClients(() => {
    let host: TestHost;

    beforeAll(async () => {
        host = await bootHost();
    }, bootTimeoutMs);

    afterAll(async () => {
        await host?.down();
    }, bootTimeoutMs);

    const reload = "systemctl reload ssh";

    /** Calls `use` while sshd has these settings. */
    async function withSshd<T>(settings: string, use: () => Promise<T>): Promise<T> {
        await host.exec(`cat >/etc/ssh/sshd_config.d/portable-test.conf; ${reload}`, { input: `${settings}\n` });
        try {
            return await use();
        } finally {
            await host.exec(`rm /etc/ssh/sshd_config.d/portable-test.conf; ${reload}`);
        }
    }

    /** Calls `use` while the host has this file. */
    async function withFile<T>(path: string, text: string, use: () => Promise<T>): Promise<T> {
        await host.exec(`mkdir -p "$(dirname ${path})"; cat >${path}`, { input: text });
        try {
            return await use();
        } finally {
            await host.exec(`rm -f ${path}`);
        }
    }

    function onHost<T>(connection: Connection, use: (there: Host) => Promise<T>): Promise<T> {
        return withPool(async (pool) => use(await pool.connect(connection)));
    }

    /** Runs a program and uploads a file, in less time than any wait for a timeout would take. */
    async function worksAtOnce(connection: Connection = explicit(host)): Promise<void> {
        const began = Date.now();
        await onHost(connection, async (there) => {
            expect((await there.run(sh`id -un`)).stdout).toBe("root\n");
            const path = `/tmp/upload-${Math.random()}`;
            await there.upload(small, path);
            expect((await there.run(sh`cat ${path}; rm ${path}`)).stdout).toBe("content of the file\n");
        });
        expect(Date.now() - began).toBeLessThan(15_000);
    }

    const error = (promise: Promise<unknown>) => promise.then(() => undefined).catch((thrown) => thrown);

    describe("output of a start-up file is ignored:", () => {
        test.each([
            ["/root/.bashrc", "echo Welcome to web1\n"],
            ["/etc/ssh/sshrc", "echo hi\n"],
            ["/root/.bashrc", "printf '\\001\\002\\003'; head -c 70000 /dev/zero | tr '\\0' x; echo >&2 errors too\n"],
        ])("%s", async (path, text) => {
            await withFile(path, text, () => worksAtOnce());
            await withFile(path, text, () =>
                withSshd("Subsystem sftp /usr/lib/openssh/sftp-server", () => worksAtOnce()),
            );
        });
    });

    test("without an SFTP subsystem a file is sent through the input of a program", async () => {
        await host.exec(`sed -i.before /^Subsystem/d /etc/ssh/sshd_config; ${reload}`);
        try {
            await worksAtOnce();
        } finally {
            await host.exec(`mv /etc/ssh/sshd_config.before /etc/ssh/sshd_config; ${reload}`);
        }
    });

    test("a start-up file that execs another shell is reported, and nothing of the program runs", async () => {
        const began = Date.now();
        const file = `/root/ran-${Math.random()}`;
        const thrown = await withFile("/root/.bashrc", "exec bash --norc\n", () =>
            error(onHost(explicit(host), (there) => there.run(sh`touch ${file}`))),
        );
        expect(thrown).toMatchObject({ code: "login", problem: { host: host.address } });
        expect(thrown.message).toContain("starts another shell in place of the command it is given; nothing was run");
        expect(thrown.message).toContain("Remove the `exec`");
        expect(Date.now() - began).toBeLessThan(15_000);
        expect((await host.exec(`test -e ${file}`)).code).toBe(1);
    });

    test.each([
        ["/usr/sbin/nologin", "its login shell lets it run nothing (nologin)"],
        ["/bin/rbash", "its login shell is a restricted one"],
        ["/bin/false", "can log in, but not run /bin/sh (exit status 1)"],
    ])("the login shell %s is reported, and sudo isn't blamed", async (shell, what) => {
        await host.exec(`usermod --shell ${shell} deploy`);
        try {
            const thrown = await error(whoami({ ...explicit(host), user: "deploy" }));
            expect(thrown).toMatchObject({ code: "login" });
            expect(thrown.message).toContain(what);
            expect(thrown.message).not.toContain("sudoers");
        } finally {
            await host.exec("usermod --shell /bin/bash deploy");
        }
    });

    test("the host's own reason to let nobody in is reported", async () => {
        const thrown = await withFile("/etc/nologin", "maintenance until noon\n", () =>
            error(whoami({ ...explicit(host), user: "deploy" })),
        );
        expect(thrown).toMatchObject({ code: "login" });
        expect(thrown.problem.reported).toContain("maintenance until noon");
    });

    /** Calls `use` while the start-up file of deploy's login shell begins with the line. */
    async function withStartUpLine<T>(line: string, use: (connection: Connection) => Promise<T>): Promise<T> {
        await host.exec('cp /home/deploy/.bashrc /root/bashrc; sed -i "1i $(cat)" /home/deploy/.bashrc', {
            input: line,
        });
        try {
            return await use({ ...explicit(host), user: "deploy" });
        } finally {
            await host.exec("cp /root/bashrc /home/deploy/.bashrc");
        }
    }

    test.each([
        ["a limit of open files", "ulimit -n 12", "couldn't start sudo"],
        ["a start-up file that ends the login shell", "echo go away; exit 3", "go away"],
    ])("%s is named, and not sudoers", async (_, line, text) => {
        const thrown = await withStartUpLine(line, (connection) => error(whoami(connection)));
        expect(thrown).toMatchObject({ code: "login" });
        expect(thrown.message).toContain(text);
        expect(thrown.message).not.toContain("sudoers");
    });

    test("a start-up file may set a PATH without any program", async () => {
        await withStartUpLine("export PATH=/nowhere", (connection) => worksAtOnce(connection));
    });

    test("ForceCommand is reported with the output of the host", async () => {
        const thrown = await withSshd("Match User deploy\n ForceCommand echo only backups here", () =>
            error(whoami({ ...explicit(host), user: "deploy" })),
        );
        expect(thrown).toMatchObject({ code: "login", problem: { reported: "only backups here" } });
        expect(thrown.message).toContain("ForceCommand in sshd_config");
    });

    test.each(["zsh", "fish", "tcsh", "dash", "busybox-ash"])(
        "a user with the login shell %s can deploy",
        async (shell) => {
            await host.exec(
                "printf '#!/bin/sh\\nexec /bin/busybox ash \"$@\"\\n' >/usr/local/bin/busybox-ash; chmod 755 /usr/local/bin/busybox-ash",
            );
            expect((await host.exec(`path=$(command -v ${shell}) && usermod --shell "$path" deploy`)).code).toBe(0);
            try {
                await worksAtOnce({ ...explicit(host), user: "deploy" });
            } finally {
                await host.exec("usermod --shell /bin/bash deploy");
            }
        },
    );

    test("with MaxSessions 1 a second session gets another connection", async () => {
        await withSshd("MaxSessions 1", () =>
            onHost(explicit(host), async (there) => {
                const long = there.run(sh`sleep 4; echo long`);
                expect((await there.run(sh`echo short`)).stdout).toBe("short\n");
                await there.upload(small, "/root/upload");
                expect((await long).stdout).toBe("long\n");
                expect((await there.run(sh`cat /root/upload; rm /root/upload`)).stdout).toBe("content of the file\n");
            }),
        );
    });

    describe("where sshd forbids forwarding", () => {
        const settings = "AllowTcpForwarding no\nAllowStreamLocalForwarding no";
        const server = `python3 -c '
import http.server, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hello")
    def address_string(self): return "x"
class Unix(socketserver.UnixStreamServer): pass
(Unix("/run/hello.sock", Handler) if sys.argv[1] == "unix" else http.server.HTTPServer(("127.0.0.1", 8123), Handler)).serve_forever()
'`;

        beforeAll(async () => {
            await host.exec(
                `systemd-run -q --unit=hello-tcp ${server} tcp; systemd-run -q --unit=hello-unix ${server} unix; for i in $(seq 50); do [ -S /run/hello.sock ] && curl -s -o /dev/null 127.0.0.1:8123 && break; sleep 0.1; done; chmod 666 /run/hello.sock`,
            );
        });
        afterAll(async () => {
            await host.exec("systemctl stop hello-tcp hello-unix; rm -f /run/hello.sock");
        });

        async function get(address: { port: number } | { socket: string }): Promise<string> {
            return onHost(explicit(host), async (there) => {
                const stream = await there.open(address);
                stream.write("GET / HTTP/1.0\r\n\r\n");
                let text = "";
                for await (const bytes of stream) {
                    text += bytes;
                    if (text.endsWith("hello")) break;
                }
                return text;
            });
        }

        test.each([{ port: 8123 }, { socket: "/run/hello.sock" }])(
            "the host itself connects to %j",
            async (address) => {
                expect(await get(address)).toMatch(/^HTTP\/1\.0 200[\s\S]*hello$/);
                expect(await withSshd(settings, () => get(address))).toMatch(/^HTTP\/1\.0 200[\s\S]*hello$/);
            },
        );

        test.each([{ port: 9 }, { socket: "/run/nothing.sock" }])("nothing listens at %j", async (address) => {
            const where = "port" in address ? "127.0.0.1:9" : address.socket;
            const open = await error(get(address));
            expect(open.message).toContain(`${where} takes no connection`);
            const forbidden = await withSshd(settings, () => error(get(address)));
            expect(forbidden.message).toContain(`${where} takes no connection`);
        });

        test("a host without bash, perl and curl is refused with a code for that", async () => {
            await host.exec(
                "mv /usr/bin/curl /usr/bin/curl.away; mv /usr/bin/perl /usr/bin/perl.away; mv /bin/bash /bin/bash.away; usermod --shell /bin/sh root",
            );
            try {
                const thrown = await withSshd(settings, () => error(get({ port: 8123 })));
                expect(thrown).toMatchObject({ code: "forwarding" });
                expect(thrown.message).toContain("the host has neither bash nor curl to do it instead");
                expect(thrown.message).toContain("Set AllowTcpForwarding");
                const socket = await withSshd(settings, () => error(get({ socket: "/run/hello.sock" })));
                expect(socket).toMatchObject({ code: "forwarding" });
                expect(socket.message).toContain("Set AllowStreamLocalForwarding");
            } finally {
                await host.exec(
                    "mv /usr/bin/curl.away /usr/bin/curl; mv /usr/bin/perl.away /usr/bin/perl; mv /bin/bash.away /bin/bash; usermod --shell /bin/bash root",
                );
            }
        });
    });
});
