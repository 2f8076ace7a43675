import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSync } from "esbuild";
import type { Host } from "../../provider/host/host";
import { sh } from "../../provider/host/shell";
import type { Pool } from "../../provider/ssh/pool";
import { bootHost, suites, type TestHost } from "../hosts";
import { bootTimeoutMs, createPool, explicit, onBothClients } from "./hosts";

onBothClients(() => {
    const directory = mkdtempSync(join(tmpdir(), "portable-test-run-"));

    describe.each(suites)("on Debian %s", (suite) => {
        let host: TestHost;
        let pool: Pool;
        let root: Host;
        let deploy: Host;

        beforeAll(async () => {
            host = await bootHost({ suite });
            pool = createPool();
            root = await pool.connect(explicit(host));
            deploy = await pool.connect({ ...explicit(host), user: "deploy" });
        }, bootTimeoutMs);

        afterAll(async () => {
            pool?.close();
            await host?.down();
        }, bootTimeoutMs);

        const logins: [string, () => Host][] = [
            ["root", () => root],
            ["deploy with sudo", () => deploy],
        ];

        describe.each(logins)("a program as %s", (_, login) => {
            test("runs as root with an empty standard input; its status and outputs are kept apart", async () => {
                const program = sh`id -u; echo ${"it's"} >&2; cat; exit 3`;
                expect(await login().run(program)).toEqual({ code: 3, stdout: "0\n", stderr: "it's\n" });
            });

            test("is in no process's argv", async () => {
                const { stdout } = await login().run(sh`
                marker=${"part-of-the-program"}
                grep -lz "$marker" /proc/[0-9]*/cmdline || echo none`);
                expect(stdout).toBe("none\n");
            });

            test("reports its output line by line while it runs", async () => {
                const lines: [string, number][] = [];
                const began = Date.now();
                await login().run(sh`echo one; sleep 1; printf 'two\nthree'`, {
                    onLine: (line) => lines.push([line, Date.now() - began]),
                });
                expect(lines.map(([line]) => line)).toEqual(["one", "two", "three"]);
                expect(lines[0]?.[1]).toBeLessThan(900);
            });

            test("runs to its end after an abort, which returns at once", async () => {
                const controller = new AbortController();
                const file = `/root/aborted-${Math.random()}`;
                const running = login().run(
                    sh`set -e; for step in 1 2 3 4; do echo $step; echo $step >&2; sleep 0.2; done; echo all > ${file}`,
                    { signal: controller.signal, onLine: () => controller.abort(new Error("time is up")) },
                );
                await expect(running).rejects.toThrow("time is up");
                expect(await contentOf(file)).toBe("all\n");
            });

            test("runs to its end when the client is killed", async () => {
                const file = `/root/killed-${Math.random()}`;
                const client = clientProgram(
                    login(),
                    `set -e; for step in 1 2 3 4; do echo $step; /bin/echo $step >&2; sleep 0.2; done; echo all > ${file}`,
                );
                const child = spawn(process.execPath, [client], { stdio: ["ignore", "pipe", "inherit"] });
                await new Promise((resolve, reject) => {
                    child.stdout.once("data", resolve);
                    child.once("exit", (code) => reject(new Error(`the client ended by itself, with ${code}`)));
                });
                child.kill("SIGKILL");
                expect((await host.exec(`cat ${file}`)).code).not.toBe(0);
                expect(await contentOf(file)).toBe("all\n");
            });
        });

        /** Waits for a file on the host and returns its content. */
        async function contentOf(file: string): Promise<string> {
            for (let step = 0; step < 60; step++) {
                const { code, stdout } = await host.exec(`cat ${file}`);
                if (code === 0 && stdout !== "") return stdout;
                await sleep(100);
            }
            return "never written";
        }

        test("a run with an aborted signal doesn't begin", async () => {
            const file = `/root/never-${Math.random()}`;
            const signal = AbortSignal.abort(new Error("too late"));
            await expect(root.run(sh`touch ${file}`, { signal })).rejects.toThrow("too late");
            expect((await root.run(sh`test -e ${file}`)).code).toBe(1);
        });

        test("text that a login shell prints isn't in the program's output", async () => {
            await host.exec(
                "sed -i '1i printf noise' /root/.bashrc 2>/dev/null || echo 'printf noise' > /root/.bashrc",
            );
            try {
                expect((await root.run(sh`echo mine`)).stdout).toBe("mine\n");
            } finally {
                await host.exec("rm /root/.bashrc");
            }
        });
    });

    /** Writes a Node.js program that runs the program on the host with the same login and prints its output. */
    function clientProgram(host: Host, program: string): string {
        const source = join(directory, "client.ts");
        const provider = join(__dirname, "../../provider");
        writeFileSync(
            source,
            `import { createPool } from ${JSON.stringify(join(provider, "ssh/pool"))};
         import { Shell } from ${JSON.stringify(join(provider, "host/shell"))};
         (async () => {
             const host = await createPool().connect(${JSON.stringify(host.connection)});
             await host.run(Shell.fromTemplate([${JSON.stringify(program)}] as any, []), { onLine: console.log });
         })();`,
            { mode: 0o600 },
        );
        const outfile = join(directory, "client.js");
        buildSync({
            entryPoints: [source],
            outfile,
            bundle: true,
            platform: "node",
            external: ["*.node", "cpu-features"],
            logLevel: "error",
        });
        return outfile;
    }

    afterAll(() => rmSync(directory, { recursive: true }));
});
