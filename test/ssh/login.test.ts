import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sh } from "../../provider/host/shell";
import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, explicit, onBothClients, SshHome, whoami, withPool } from "./hosts";

onBothClients(() => {
    const password = "a pass word 'with' \"quotes\"";
    const home = new SshHome();
    let host: TestHost;
    let agent: ChildProcess;
    const agentSocket = join(home.directory, "agent.sock");

    beforeAll(async () => {
        host = await bootHost();
        home.write("known_hosts", `${host.address} ${host.hostKey}\n`);
        await host.exec("chpasswd", { input: `deploy:${password}\n` });
        agent = spawn("ssh-agent", ["-D", "-a", agentSocket], { stdio: "ignore" });
        for (let step = 0; step < 100 && !existsSync(agentSocket); step++) await sleep(20);
        execFileSync("ssh-add", [host.privateKeyPath], {
            env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
            stdio: "ignore",
        });
    }, bootTimeoutMs);

    afterAll(async () => {
        agent?.kill();
        await host?.exec(
            "usermod --password '*' deploy; rm -f /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh",
        );
        await host?.down();
        home.remove();
    }, bootTimeoutMs);

    describe("logging in", () => {
        test("as root with the text of a key", async () => {
            expect(await whoami(explicit(host))).toBe("root");
        });

        test("as an ordinary user: programs run as root through sudo", async () => {
            expect(await whoami({ ...explicit(host), user: "deploy" })).toBe("root");
            expect(await whoami({ ...explicit(host), user: "deploy", sudo: false })).toBe("deploy");
        });

        test("as a user without sudo fails with the code `sudo`", async () => {
            const error = await whoami({ ...explicit(host), user: "nosudo" }).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "sudo", problem: { host: host.address, property: "connection.user" } });
            expect(error.message).toContain("would need a password for sudo");
            expect(error.message).toContain("nosudo ALL=(ALL) NOPASSWD: ALL");
        });

        test("with host name, user and key of ssh_config", async () => {
            home.configure(`Host web1\n HostName ${host.address}\n User deploy\n IdentityFile ${host.privateKeyPath}`);
            expect(await whoami({ host: "web1", sudo: false })).toBe("deploy");
            expect(await whoami({ host: "web1", user: "root" })).toBe("root");
        });

        test("with agentSocketPath, and with IdentityAgent of ssh_config", async () => {
            home.configure(`Host web1\n HostName ${host.address}\n IdentityAgent ${agentSocket}`);
            expect(await whoami({ host: host.address, agentSocketPath: agentSocket })).toBe("root");
            expect(await whoami({ host: "web1" })).toBe("root");
        });

        test("with SSH_AUTH_SOCK", async () => {
            home.configure(`Host web1\n HostName ${host.address}\n IdentityAgent SSH_AUTH_SOCK`);
            const before = process.env.SSH_AUTH_SOCK;
            process.env.SSH_AUTH_SOCK = agentSocket;
            try {
                expect(await whoami({ host: "web1" })).toBe("root");
            } finally {
                if (before === undefined) delete process.env.SSH_AUTH_SOCK;
                else process.env.SSH_AUTH_SOCK = before;
            }
        });

        test("with IdentitiesOnly offers only the agent's keys that are named", async () => {
            const common = `Host web1\n HostName ${host.address}\n IdentityAgent ${agentSocket}\n IdentitiesOnly yes\n`;
            home.write("named.pub", readFileSync(`${host.privateKeyPath}.pub`, "utf8"));
            home.configure(`${common} IdentityFile %D/named`);
            expect(await whoami({ host: "web1" })).toBe("root");
            home.configure(`${common} IdentityFile %D/nothing`);
            await expect(whoami({ host: "web1" })).rejects.toMatchObject({ code: "login" });
        });

        test("with a password", async () => {
            home.configure("");
            expect(await whoami({ host: host.address, user: "deploy", password, sudo: false })).toBe("deploy");
        });

        test("with a password if the host only offers keyboard-interactive", async () => {
            const lines = "PasswordAuthentication no\\nKbdInteractiveAuthentication yes\\n";
            await host.exec(`printf '${lines}' > /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh`);
            home.configure("");
            try {
                expect(await whoami({ host: host.address, user: "deploy", password, sudo: false })).toBe("deploy");
            } finally {
                await host.exec("rm /etc/ssh/sshd_config.d/portable-test.conf; systemctl reload ssh");
            }
        });
    });

    describe("an encrypted key", () => {
        const passphrase = "open sesame";
        let file: string;

        beforeAll(() => {
            file = join(home.directory, "encrypted");
            copyFileSync(host.privateKeyPath, file);
            execFileSync("ssh-keygen", ["-p", "-q", "-P", "", "-N", passphrase, "-f", file], { stdio: "ignore" });
            home.configure(`Host web1\n HostName ${host.address}\n IdentityFile ${file}`);
        });

        test("opens with its passphrase, as text and as a file", async () => {
            const privateKey = readFileSync(file, "utf8");
            expect(await whoami({ host: host.address, privateKey, privateKeyPassword: passphrase })).toBe("root");
            expect(await whoami({ host: "web1", privateKeyPassword: passphrase })).toBe("root");
        });

        test("given as text is refused without its passphrase, or with a wrong one", async () => {
            const privateKey = readFileSync(file, "utf8");
            await expect(whoami({ host: host.address, privateKey })).rejects.toMatchObject({
                code: "settings",
                message: expect.stringContaining("connection.privateKey"),
            });
            const error = await whoami({ host: host.address, privateKey, privateKeyPassword: "wrong one" }).catch(
                (e) => e,
            );
            expect(error.message).toContain("isn't opened by privateKeyPassword");
            expect(JSON.stringify(error) + error.stack).not.toContain("wrong one");
        });

        test("in a file is skipped without its passphrase, and the error names it", async () => {
            await expect(whoami({ host: "web1" })).rejects.toMatchObject({
                code: "login",
                message: expect.stringContaining(`skipped: ${file} (is encrypted, and no privateKeyPassword is given)`),
            });
        });
    });

    describe("a login that sshd rejects", () => {
        test("is reported with the methods that were tried, without secrets", async () => {
            execFileSync("ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", join(home.directory, "stranger")]);
            home.configure(`Host web1\n HostName ${host.address}\n IdentityFile %D/stranger\n IdentityFile %D/missing`);
            const secrets = { password: "not the pass word", privateKeyPassword: "nor this" };
            const error = await whoami({ host: "web1", user: "deploy", ...secrets }).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "login", mayPass: false, problem: { host: "web1" } });
            expect(error.message).toMatch(/Tried: password, \/\S+\/stranger \((ssh-ed25519|ED25519) SHA256:/);
            expect(error.message).toContain("the host takes: publickey");
            expect(error.message).not.toContain("missing");
            const all = JSON.stringify(error) + error.stack;
            for (const secret of Object.values(secrets)) expect(all).not.toContain(secret);
        });

        test("is reported if there was no method to try", async () => {
            home.configure("");
            await expect(whoami({ host: host.address })).rejects.toMatchObject({
                code: "login",
                message: expect.stringContaining("There was nothing to try"),
            });
        });
    });

    describe("the host key", () => {
        const secret = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

        test("that differs from the declared one ends the connection before the login", async () => {
            const error = await whoami({ ...explicit(host), hostKey: secret }).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "hostKey", mayPass: false });
            expect(error.message).toContain(`connection.hostKey is ${secret}`);
        });

        test("that is unknown is reported with its fingerprint, which works as hostKey", async () => {
            home.configure("Host *\n UserKnownHostsFile %D/empty");
            const { hostKey: _, ...connection } = explicit(host);
            const error = await whoami(connection).catch((thrown) => thrown);
            expect(error).toMatchObject({ code: "hostKey" });
            const shown = /connection\.hostKey to "(SHA256:[^"]+)"/.exec(error.message)?.[1];
            expect(await whoami({ ...connection, hostKey: shown })).toBe("root");
        });

        test("may be known by any of the host's key types", async () => {
            const { hostKey: _, ...connection } = explicit(host);
            await host.exec("ls /etc/ssh/ssh_host_ecdsa_key || ssh-keygen -A; systemctl reload ssh");
            const files = (await host.exec("cat /etc/ssh/ssh_host_*_key.pub")).stdout.trim().split("\n");
            expect(files.length).toBeGreaterThan(1);
            home.configure("Host *\n UserKnownHostsFile %D/one");
            for (const line of files) {
                home.write("one", `${host.address} ${line}\n`);
                expect(await whoami(connection)).toBe("root");
            }
        });

        test("is ignored with insecureIgnoreHostKey, and each process warns once", async () => {
            home.configure("Host *\n UserKnownHostsFile %D/empty");
            const { hostKey: _, ...connection } = explicit(host);
            const warned: string[] = [];
            await withPool(async (pool) => {
                for (let time = 0; time < 2; time++) {
                    const host = await pool.connect(
                        { ...connection, insecureIgnoreHostKey: true },
                        { warn: (text) => warned.push(text) },
                    );
                    expect((await host.run(sh`id -un`)).stdout).toBe("root\n");
                }
            });
            expect(warned).toEqual([expect.stringContaining("host key is not verified")]);
        });
    });
});
