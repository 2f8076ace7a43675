import { readdirSync } from "node:fs";
import { createServer, type Server, connect as tcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { sh } from "../../provider/host/shell";
import { dial } from "../../provider/ssh/built-in/dial";
import { type HostKeyCheck, hostKeyCheck } from "../../provider/ssh/built-in/host-key";
import type { Login } from "../../provider/ssh/login/login";
import { resolveLogin } from "../../provider/ssh/login/resolve-login";
import { freePort } from "../free-port";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, explicit, onBothClients, SshHome, whoami, withPool } from "./hosts";

onBothClients(() => {
    const home = new SshHome();
    let testHost: TestHost;
    let jump: TestHost;
    const servers: Server[] = [];

    beforeAll(async () => {
        [testHost, jump] = await Promise.all([bootHost(), bootHost()]);
        home.write("known_hosts", `${testHost.address} ${testHost.hostKey}\n${jump.address} ${jump.hostKey}\n`);
    }, bootTimeoutMs);

    afterAll(async () => {
        for (const server of servers) server.close();
        await Promise.all([testHost?.down(), jump?.down()]);
        home.remove();
    }, bootTimeoutMs);

    /** The client's address as testHost sees it. */
    async function comesFrom(connection: Parameters<typeof whoami>[0]): Promise<string | undefined> {
        const program = sh`echo "$SSH_CONNECTION"`;
        return await withPool(
            async (pool) => (await (await pool.connect(connection)).run(program)).stdout.split(" ")[0],
        );
    }

    function hosts(extra = ""): void {
        home.configure(`
        Host inner
            HostName ${testHost.address}
            IdentityFile ${testHost.privateKeyPath}
            ${extra || "ProxyJump nosudo@gate"}
        Host gate
            HostName ${jump.address}
            IdentityFile ${jump.privateKeyPath}
    `);
    }

    describe("jump hosts:", () => {
        test("one of ssh_config is used", async () => {
            hosts();
            expect(await comesFrom({ host: "inner" })).toBe(jump.address);
        });

        test("the connection's proxy is used", async () => {
            home.configure("");
            expect(await comesFrom({ ...explicit(testHost), proxy: { ...explicit(jump), user: "deploy" } })).toBe(
                jump.address,
            );
        });

        test("the connection's proxy is used without the user's control socket", async () => {
            home.configure("Host *\n ControlMaster auto\n ControlPath %D/control-%C\n ControlPersist 5");
            const proxy = { ...explicit(jump), user: "deploy" };
            const sockets = withPool(async (pool) => {
                const host = await pool.connect({ ...explicit(testHost), proxy });
                await host.run(sh`true`);
                return readdirSync(home.directory).filter((name) => name.startsWith("control-"));
            });
            expect(await sockets).toEqual([]);
        });

        test("a chain may lead back to the first host", async () => {
            hosts("ProxyJump nosudo@gate,deploy@inner2");
            home.configure(`
            Host inner
                HostName ${jump.secondAddress}
                HostKeyAlias ${jump.address}
                ProxyJump nosudo@gate,deploy@middle
            Host middle
                HostName ${testHost.address}
            Host gate
                HostName ${jump.address}
            Host *
                IdentityFile ${testHost.privateKeyPath}
        `);
            expect(await comesFrom({ host: "inner" })).toBe(testHost.address);
        });

        test("a ProxyCommand is used", async () => {
            hosts("ProxyCommand ssh -F %D/config -o BatchMode=yes -W %h:%p nosudo@gate");
            expect(await comesFrom({ host: "inner" })).toBe(jump.address);
        });

        test("a wrong host key of the jump host ends the connection there", async () => {
            home.write("wrong", `${testHost.address} ${testHost.hostKey}\n${jump.address} ${testHost.hostKey}\n`);
            hosts("ProxyJump nosudo@gate\nHost *\n UserKnownHostsFile %D/wrong\n");
            const error = await whoami({ host: "inner" }).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "hostKey", problem: { host: "inner" } });
            expect(error.message).toContain(`${jump.address}:22 shows the host key`);
        });

        test("a jump host that can't reach the host is named in the error", async () => {
            hosts();
            const error = await whoami({ host: "inner", port: 9, dialErrorLimit: 1 }).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "refused", mayPass: true });
            expect(error.message).toContain(`(from the jump host nosudo@${jump.address}:22)`);
        });
    });

    test("a ProxyCommand that fails is reported with its output", async () => {
        hosts("ProxyCommand sh -c 'echo no way there >&2; exit 1'");
        await expect(whoami({ host: "inner" })).rejects.toMatchObject({
            code: "unreachable",
            problem: { host: "inner", reported: "no way there" },
        });
    });

    /** Listens on a port of this machine and passes connections to `accept`. */
    async function listen(accept: Parameters<typeof createServer>[1], port = 0): Promise<number> {
        const server = createServer(accept);
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
        return (server.address() as { port: number }).port;
    }

    describe("a host that can't be reached", () => {
        beforeEach(() => home.configure(""));
        const host = "127.0.0.1";

        test("that refuses is tried dialErrorLimit times, then reported", async () => {
            const port = await freePort();
            const status: string[] = [];
            const began = Date.now();
            const error = await withPool((pool) =>
                pool.connect({ host, port, dialErrorLimit: 3 }, { status: (text) => status.push(text) }),
            ).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "refused", problem: { host } });
            expect(error.message).toMatch(/connection refused \(3 tries in \d+ s\)/);
            expect(status).toContain(`connecting to ${host} (try 3 of 3)`);
            expect(Date.now() - began).toBeGreaterThan(700);
        });

        test("that sends nothing is given up after perDialTimeout", async () => {
            const port = await listen(() => {});
            const began = Date.now();
            await expect(whoami({ host, port, dialErrorLimit: 1, perDialTimeout: 1 })).rejects.toMatchObject({
                code: "unreachable",
                message: expect.stringContaining("no answer within 1 s"),
            });
            expect(Date.now() - began).toBeLessThan(3000);
        });

        test("that closes the connection at once is tried again, since sshd does so with too many connections", async () => {
            let dropped = 0;
            const port = await listen((socket) => {
                if (dropped++ < 2) return void socket.end("Exceeded MaxStartups\r\n");
                const through = tcp(22, testHost.address);
                through.on("error", () => socket.destroy());
                socket.on("error", () => through.destroy());
                socket.pipe(through).pipe(socket);
            });
            expect(await whoami({ ...explicit(testHost), host, port, dialErrorLimit: 5 })).toBe("root");
            expect(dropped).toBe(3);
        });

        /** Dials the port while the lookup of known hosts takes a tenth of a second; resolves to the error. */
        async function dialDuringLookup(
            port: number,
            lookUp: (login: Login) => Promise<HostKeyCheck>,
            signal = new AbortController().signal,
        ): Promise<unknown> {
            const login = await resolveLogin({ ...explicit(testHost), host, port, dialErrorLimit: 1 });
            const check = sleep(100).then(() => lookUp(login));
            return await dial(login, { signal, status: () => {}, check }).catch((thrown) => thrown);
        }

        test("is given up if the operation is aborted during the lookup of known hosts", async () => {
            const port = await listen((socket) => void socket.on("error", () => {}).resume());
            const abort = new AbortController();
            const dialled = dialDuringLookup(port, hostKeyCheck, abort.signal);
            await sleep(50);
            const reason = new Error("timeout of the operation");
            abort.abort(reason);
            expect(await dialled).toBe(reason);
        });

        test("that breaks the connection during the lookup of known hosts is reported as refused, which may be retried", async () => {
            const port = await listen((socket) => socket.resetAndDestroy());
            expect(await dialDuringLookup(port, hostKeyCheck)).toMatchObject({ code: "refused", mayPass: true });
        });

        test("is disconnected if the lookup of known hosts fails", async () => {
            const closed: Promise<void>[] = [];
            const port = await listen((socket) => {
                socket.on("error", () => {}).resume();
                closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
            });
            const broken = new Error("no ssh-keygen");
            expect(await dialDuringLookup(port, () => Promise.reject(broken))).toBe(broken);
            expect(closed).toHaveLength(1);
            await Promise.all(closed);
        });

        test("whose name doesn't resolve is reported at once, without another try", async () => {
            const began = Date.now();
            await expect(whoami({ host: "portable-no-such-host.invalid" })).rejects.toMatchObject({
                code: "unreachable",
                mayPass: false,
                problem: { property: "connection.host" },
            });
            expect(Date.now() - began).toBeLessThan(10_000);
        });

        test("is given up as soon as the operation is aborted, while other operations go on waiting", async () => {
            const port = await listen(() => {});
            await withPool(async (pool) => {
                const [one, two] = [new AbortController(), new AbortController()];
                const connection = { host, port, perDialTimeout: 30 };
                const first = pool.connect(connection, { signal: one.signal }).catch((thrown) => thrown);
                let ended = false;
                const second = pool
                    .connect(connection, { signal: two.signal })
                    .catch((thrown) => thrown)
                    .finally(() => {
                        ended = true;
                    });
                await sleep(300);
                one.abort(new Error("timeout of the first"));
                expect(await first).toMatchObject({ message: "timeout of the first" });
                await sleep(100);
                expect(ended).toBe(false);
                two.abort(new Error("timeout of the second"));
                expect(await second).toMatchObject({ message: "timeout of the second" });
            });
        });
    });
});
