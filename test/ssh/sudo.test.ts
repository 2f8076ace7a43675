import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import { sh } from "../../provider/host/shell";
import { bootHost, suites, type TestHost } from "../hosts";
import { bootTimeoutMs, explicit, onBothClients, whoami, withPool } from "./hosts";

const directory = mkdtempSync(join(tmpdir(), "portable-test-sudo-"));
const small = join(directory, "small");
writeFileSync(small, "content of the file\n");
afterAll(() => rmSync(directory, { recursive: true }));

const PASSWORD = 'it\'s a $(pass) "word"';
const RULE = "/etc/sudoers.d/portable-test";

let host: TestHost;

const asNosudo = (more: Connection = {}) => ({ ...explicit(host), user: "nosudo", ...more });
const error = (promise: Promise<unknown>) => promise.then(() => undefined).catch((thrown) => thrown);

function onHost<T>(connection: Connection, use: (there: Host) => Promise<T>): Promise<T> {
    return withPool(async (pool) => use(await pool.connect(connection)));
}

async function withFile<T>(path: string, mode: string, text: string, use: () => Promise<T>): Promise<T> {
    await host.exec(`cat >${path}; chmod ${mode} ${path}`, { input: `${text}\n` });
    try {
        return await use();
    } finally {
        await host.exec(`rm -f ${path}`);
    }
}
const withRule = <T>(text: string, use: () => Promise<T>) => withFile(RULE, "440", text, use);

async function works(connection: Connection): Promise<void> {
    await onHost(connection, async (there) => {
        expect((await there.run(sh`id -un`)).stdout).toBe("root\n");
        const path = `/tmp/upload-${Math.random()}`;
        await there.upload(small, path);
        expect((await there.run(sh`cat ${path}; rm ${path}`)).stdout).toBe("content of the file\n");
    });
}

describe.each(suites)("on %s", (suite) => {
    beforeAll(async () => {
        host = await bootHost({ suite });
        await host.exec("chpasswd", { input: `nosudo:${PASSWORD}\n` });
    }, bootTimeoutMs);

    afterAll(async () => {
        await host?.down();
    }, bootTimeoutMs);

    onBothClients(() => {
        // sudo prints the same in all suites, so these tests run on one.
        if (suite === suites[0]) describe("sudo", testsOfSudo);
        describe("sudo with requiretty", testsOfRequiretty);
    });
});

function testsOfSudo(): void {
    test("gets the password if it asks for one", async () => {
        await withRule("nosudo ALL=(ALL) ALL", async () => {
            await works(asNosudo({ sudoPassword: PASSWORD }));
            const thrown = await error(whoami(asNosudo()));
            expect(thrown).toMatchObject({ code: "sudo" });
            expect(thrown.message).toContain("would need a password for sudo");
            expect(thrown.message).toContain("connection.sudoPassword");
        });
        await withRule("nosudo ALL=(ALL) NOPASSWD: ALL", () => works(asNosudo({ sudoPassword: PASSWORD })));
    });

    test("that rejects the password is reported without the password", async () => {
        await withRule("nosudo ALL=(ALL) ALL", async () => {
            const thrown = await error(whoami(asNosudo({ sudoPassword: "wrong one" })));
            expect(thrown).toMatchObject({ code: "sudo", problem: { property: "connection.sudoPassword" } });
            expect(thrown.message).toContain("It reported: Sorry, try again.");
            expect(JSON.stringify(thrown) + thrown.stack).not.toContain("wrong one");
        });
    });

    test("works with a secure_path without programs", async () => {
        await withRule('nosudo ALL=(ALL) NOPASSWD: ALL\nDefaults secure_path="/nowhere"', () => works(asNosudo()));
    });

    test("that isn't installed is replaced by doas", async () => {
        await host.exec("mv /usr/bin/sudo /usr/bin/sudo.away");
        const withDoas = <T>(text: string, use: () => Promise<T>) => withFile("/etc/doas.conf", "600", text, use);
        try {
            await withDoas("permit nopass nosudo", () => works(asNosudo()));
            const thrown = await withDoas("permit nosudo", () => error(whoami(asNosudo())));
            expect(thrown).toMatchObject({ code: "sudo" });
            expect(thrown.message).toContain("doas");
            expect(thrown.message).toContain('Put "permit nopass nosudo" into /etc/doas.conf');
        } finally {
            await host.exec("mv /usr/bin/sudo.away /usr/bin/sudo");
        }
    });
}

function testsOfRequiretty(): void {
    const requiretty = "Defaults:nosudo requiretty";

    test("gets a terminal if it requires one", async () => {
        await withRule(`nosudo ALL=(ALL) NOPASSWD: ALL\n${requiretty}`, () => works(asNosudo()));
    });

    test("works together with use_pty and a password", async () => {
        const rule = `nosudo ALL=(ALL) ALL\n${requiretty}\nDefaults:nosudo use_pty`;
        await withRule(rule, () => works(asNosudo({ sudoPassword: PASSWORD })));
    });

    test("passes on every byte, keeps the outputs apart, and reports the exit status", async () => {
        await withRule(`nosudo ALL=(ALL) NOPASSWD: ALL\n${requiretty}`, () =>
            onHost(asNosudo(), async (there) => {
                const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
                async function* content() {
                    yield bytes;
                }
                const answer = (line: string) => (line === "send" ? Promise.resolve(content()) : undefined);
                const input = bytes.toString("base64");
                const sum = (await host.exec("base64 -d | cksum", { input })).stdout;
                const program = sh`echo send; cksum <&8; printf 'a\rb\tc\n'; echo errors >&2; exit 7`;
                const { code, stdout, stderr } = await there.run(program, { answer });
                expect({ code, stderr }).toEqual({ code: 7, stderr: "errors\n" });
                expect(stdout).toBe(`send\n${sum}a\rb\tc\n`);
            }),
        );
    });

    test("lets a program run to its end after an abort", async () => {
        await withRule(`nosudo ALL=(ALL) NOPASSWD: ALL\n${requiretty}`, async () => {
            const abort = new AbortController();
            const file = `/root/ended-${Math.random()}`;
            await onHost(asNosudo(), async (there) => {
                const onLine = () => abort.abort(new Error("aborted"));
                const running = there.run(
                    sh`echo started; for i in 1 2 3 4; do sleep 0.3; echo line; done; touch ${file}`,
                    { signal: abort.signal, onLine },
                );
                expect(await error(running)).toMatchObject({ message: "aborted" });
            });
            const ended = `for i in $(seq 50); do [ ! -e ${file} ] || exec rm ${file}; sleep 0.1; done; exit 1`;
            expect((await host.exec(ended)).code).toBe(0);
        });
    });

    test("without script(1) is refused with the fix", async () => {
        await host.exec("mv /usr/bin/script /usr/bin/script.away");
        try {
            await withRule(`nosudo ALL=(ALL) NOPASSWD: ALL\n${requiretty}`, async () => {
                const thrown = await error(whoami(asNosudo()));
                expect(thrown).toMatchObject({ code: "sudo" });
                expect(thrown.message).toContain("only from a terminal (requiretty)");
                expect(thrown.message).toContain('Put "Defaults:nosudo !requiretty"');
            });
        } finally {
            await host.exec("mv /usr/bin/script.away /usr/bin/script");
        }
    });
}
