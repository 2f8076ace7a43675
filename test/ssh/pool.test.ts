import { setTimeout as sleep } from "node:timers/promises";
import { sh } from "../../provider/host/shell";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, connectionsOn, createPool, explicit, onBothClients, withPool } from "./hosts";

onBothClients((client) => {
    let testHost: TestHost;

    beforeAll(async () => {
        testHost = await bootHost();
    }, bootTimeoutMs);

    afterAll(async () => {
        await testHost?.exec("rm -f /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh");
        await testHost?.down();
    }, bootTimeoutMs);

    async function until(holds: () => Promise<boolean>): Promise<boolean> {
        for (let step = 0; step < 60; step++) {
            if (await holds()) return true;
            await sleep(50);
        }
        return false;
    }

    const noConnection = async () => (await connectionsOn(testHost)) === 0;

    describe("the connection", () => {
        beforeEach(async () => expect(await until(noConnection)).toBe(true));

        test("is shared by concurrent connects, and runs 20 programs at a time", async () => {
            await withPool(async (pool) => {
                const hosts = await Promise.all(Array.from({ length: 5 }, () => pool.connect(explicit(testHost))));
                const programs = Array.from({ length: 20 }, async (_, index) => {
                    const { stdout } = await (hosts[index % 5] as (typeof hosts)[0]).run(sh`sleep 0.2; echo ${index}`);
                    return Number(stdout);
                });
                expect(await connectionsOn(testHost)).toBe(1);
                expect(await Promise.all(programs)).toEqual(Array.from({ length: 20 }, (_, index) => index));
                expect(await connectionsOn(testHost)).toBe(1);
            });
        });

        test("isn't shared by different logins", async () => {
            await withPool(async (pool) => {
                await pool.connect(explicit(testHost));
                await pool.connect({ ...explicit(testHost), user: "deploy" });
                await pool.connect({ ...explicit(testHost), user: "deploy", sudo: false });
                expect(await connectionsOn(testHost)).toBe(2);
            });
        });

        test("closes when it is idle, and is opened again for the next program", async () => {
            const pool = createPool({ idleMs: 300 });
            const host = await pool.connect(explicit(testHost));
            const program = host.run(sh`sleep 1; echo done`);
            await sleep(600);
            expect(await connectionsOn(testHost)).toBe(1);
            expect((await program).stdout).toBe("done\n");
            expect(await until(noConnection)).toBe(true);
            expect((await host.run(sh`echo again`)).stdout).toBe("again\n");
            pool.close();
            expect(await until(noConnection)).toBe(true);
        });

        test("to a jump host is shared, and closes with the last connection through it", async () => {
            await withPool(async (pool) => {
                const proxy = { ...explicit(testHost), user: "deploy" };
                const through = { ...explicit(testHost), host: testHost.secondAddress, proxy };
                await Promise.all([pool.connect(through), pool.connect({ ...through, user: "nosudo" })]);
                // Two from the host to itself, and one to the jump host, which only the built-in client shares.
                expect(await connectionsOn(testHost)).toBe(client === "openssh" ? 4 : 3);
            });
            expect(await until(noConnection)).toBe(true);
        });
    });

    describe("a connection that breaks", () => {
        test("during a program makes its result unknown; the next program gets a new connection", async () => {
            await withPool(async (pool) => {
                const host = await pool.connect(explicit(testHost));
                const error = await host.run(sh`sleep 0.5; kill -9 $PPID; sleep 5`).catch((thrown) => thrown);
                expect(error).toMatchObject({ code: "broken", problem: { host: testHost.address } });
                expect(error.message).toContain("it runs to its end there, but its result is unknown");
                expect((await host.run(sh`echo again`)).stdout).toBe("again\n");
            });
        });

        test("between two programs is replaced without an error", async () => {
            await withPool(async (pool) => {
                const host = await pool.connect(explicit(testHost));
                const sshd = (await host.run(sh`echo $PPID`)).stdout.trim();
                await testHost.exec(`kill -9 ${sshd}`);
                expect((await host.run(sh`echo again`)).stdout).toBe("again\n");
            });
        });
    });

    test("programs wait for a session on a host that allows fewer than usual", async () => {
        await testHost.exec("echo MaxSessions 2 > /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh");
        await withPool(async (pool) => {
            const host = await pool.connect(explicit(testHost));
            const programs = Array.from({ length: 8 }, (_, index) => host.run(sh`sleep 0.1; echo ${index}`));
            expect((await Promise.all(programs)).map(({ stdout }) => Number(stdout))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        });
    });
});
