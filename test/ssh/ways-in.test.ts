import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../provider/host/connection";
import { sh } from "../../provider/host/shell";
import { createPool } from "../../provider/ssh/pool";
import { RUN_TIMEOUT_MS } from "../acceptance/example";
import type { Json } from "../lifecycle/deployment";
import { helloProgram, image, onHost } from "../lifecycle/hello";
import { Provider } from "../lifecycle/provider";
import { bootTimeoutMs } from "./hosts";
import { HelloOnCli, hasCli } from "./ways/on-the-cli";
import { connectionOf, type Way, ways } from "./ways/ways";
import { endWorld, inHome, makeWorld, PASSPHRASE, PASSWORD, SUDO_PASSWORD, text, type World } from "./ways/world";

const PAGE = join(__dirname, "../../docs/logging-in.md");
let world: World;

beforeAll(async () => {
    world = await makeWorld();
}, bootTimeoutMs);

afterAll(async () => {
    if (world !== undefined) await endWorld(world);
}, bootTimeoutMs);

const results = new Map<string, Record<string, string>>();

async function tryWay(way: Way, client: "auto" | "openssh"): Promise<string> {
    const [before, after] = way.onHost ?? [];
    const added = way.environment?.(world) ?? {};
    const former = Object.keys(added).map((name) => [name, process.env[name]] as const);
    try {
        if (before !== undefined) await onHost(world.host, before);
        Object.assign(process.env, added);
        const connection = connectionOf(world, way, client);
        // sshd has no listening port for a moment while it reloads its settings.
        return await clientUsedFor(before === undefined ? connection : { ...connection, dialErrorLimit: 5 });
    } finally {
        for (const [name, value] of former) {
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
        }
        if (after !== undefined) await onHost(world.host, after);
    }
}

/** Runs a program, uploads a file and opens a channel, as a deployment does. Returns the client that was used. */
async function clientUsedFor(connection: Connection): Promise<string> {
    const pool = createPool();
    const lines: string[] = [];
    try {
        const there = await pool.connect(connection, { debug: (line) => lines.push(line) });
        expect((await there.run(sh`id -un`)).stdout).toBe("root\n");
        const path = `/tmp/way-${Math.random()}`;
        await there.upload(inHome("known_hosts"), path);
        expect((await there.run(sh`cat ${path}; rm ${path}`)).stdout).toBe(text("known_hosts"));
        const port = await there.open({ port: 22 });
        expect(`${(await once(port, "data"))[0]}`).toMatch(/^SSH-2\.0/);
        port.destroy();
        const isOpenSsh =
            connection.client === "openssh" || lines.some((line) => line.includes("OpenSSH client logs in"));
        return isOpenSsh ? "openssh" : "built-in";
    } finally {
        pool.close();
    }
}

describe.each(ways)("$name", (way) => {
    test.each(["auto", "openssh"] as const)("%s", async (client) => {
        const row = results.get(way.name) ?? {};
        results.set(way.name, row);
        if (way.refused === undefined) {
            row[client] = await tryWay(way, client);
            return;
        }
        const thrown = await tryWay(way, client).then(
            () => undefined,
            (error) => error,
        );
        const [code, message] = way.refused;
        expect(thrown).toMatchObject({ code });
        expect(thrown.message).toContain(message);
        const all = JSON.stringify(thrown) + thrown.stack;
        for (const secret of [PASSWORD, PASSPHRASE, SUDO_PASSWORD]) expect(all).not.toContain(secret);
        row[client] = `refused (${code})`;
    });
});

describe("examples/hello is deployed, answers and is destroyed", () => {
    const program = helloProgram();
    const deployed = ways.filter(({ name }) =>
        [
            "password",
            "privateKey: RSA in PKCS#8 form",
            "privateKey: ECDSA in PKCS#8 form",
            "privateKey: Ed25519 in PKCS#8 form",
            "privateKey: RSA in PKCS#8 form, encrypted",
            "privateKey: encrypted, OpenSSH form",
            "user certificate: CertificateFile",
            "user certificate in the agent",
            "security key in the agent (sk-ssh-ed25519)",
            "host key: @cert-authority",
            "host key: KnownHostsCommand",
            "ProxyJump over two hops",
            "sudo with sudoPassword",
        ].includes(name),
    );
    expect(deployed).toHaveLength(13);

    test.each(deployed)("$name", async (way) => {
        const connection = connectionOf(world, way, "auto") as Json;
        const environment = { PORTABLE_SSH_CONFIG: process.env.PORTABLE_SSH_CONFIG ?? "" };
        // A new provider process, since a process runs `ssh -G` only once for a host.
        const provider = await Provider.start({ directory: program.directory, environment });
        const hello = provider.resource("PortableImage", "hello");
        const service = provider.resource("AttachedService", "hello");
        await hello.up(image(connection));
        await service.up({ image: hello.outputs.path, connection });
        expect((await world.host.http(8080, "/")).body).toContain("Hello");
        await provider.destroyAll();
        await provider.stop();
        await nothingIsLeft();
    });

    (hasCli ? describe : describe.skip)("on the Pulumi CLI", () => {
        let hello: HelloOnCli;
        beforeAll(async () => {
            hello = new HelloOnCli();
            await hello.prepare();
        }, bootTimeoutMs);
        afterAll(() => hello?.remove());

        test.each(deployed)(
            "$name",
            async (way) => {
                const stack = way.name.replace(/\W+/g, "-");
                await hello.deploy(stack, connectionOf(world, way, "auto"), async () => {
                    expect((await world.host.http(8080, "/")).body).toContain("Hello");
                });
                await nothingIsLeft();
            },
            RUN_TIMEOUT_MS,
        );
    });

    async function nothingIsLeft(): Promise<void> {
        const left = "find /etc/systemd/system.attached /var/lib/portables -mindepth 1 2>/dev/null || true";
        expect(await onHost(world.host, left)).toBe("");
    }
});

test("a security key that waits for a touch is awaited longer than perDialTimeout", async () => {
    world.securityKey.delayMs = 4000;
    try {
        const way = {
            name: "touch",
            config: "IdentityAgent %D/security-key",
            connection: () => ({ perDialTimeout: 2 }),
        };
        expect(await tryWay(way, "auto")).toBe("openssh");
    } finally {
        world.securityKey.delayMs = 0;
    }
});

describe("secrets", () => {
    const secrets = { password: PASSWORD, privateKeyPassword: PASSPHRASE, sudoPassword: SUDO_PASSWORD };

    /** A program that finds the texts of its standard input in argv, environments, and files of these directories. */
    const search = (places: string) => `
        cat >/tmp/portable-secrets
        for process in /proc/[0-9]*; do
            grep -aqFf /tmp/portable-secrets $process/cmdline $process/environ 2>/dev/null && echo "$process $(tr '\\0' ' ' <$process/cmdline)"
        done
        grep -rlaFf /tmp/portable-secrets ${places} 2>/dev/null | grep -v /tmp/portable-secrets
        journalctl -q --no-pager 2>/dev/null | grep -aFf /tmp/portable-secrets
        rm -f /tmp/portable-secrets
        true`;

    test.each(["built-in", "openssh"] as const)(
        "are in no argv, environment or file during and after a connection of the %s client",
        async (client) => {
            const way = { name: "secrets", config: "IdentityFile %D/encrypted" };
            const connection = { ...connectionOf(world, way, client), user: "nosudo", ...secrets };
            const pool = createPool();
            try {
                const there = await pool.connect(connection);
                const running = there.run(sh`sleep 8`);
                const input = `${Object.values(secrets).join("\n")}\n`;
                const found = await world.host.exec(search("/tmp /run /var/log /home /root /etc/sudoers.d"), { input });
                expect(found.stdout).toBe("");
                const here = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
                for (const pid of here) {
                    for (const part of ["cmdline", "environ"]) {
                        const shown = readOrNothing(`/proc/${pid}/${part}`);
                        for (const secret of Object.values(secrets)) expect(shown.includes(secret)).toBe(false);
                    }
                }
                const files = readdirSync(tmpdir()).filter((name) => name.startsWith("portable-ssh-"));
                for (const name of files) {
                    const left = readdirSync(join(tmpdir(), name)).filter((entry) =>
                        /identity|pass(word|phrase)/.test(entry),
                    );
                    expect(left).toEqual([]);
                }
                await running;
            } finally {
                pool.close();
            }
        },
    );

    function readOrNothing(path: string): string {
        try {
            return readFileSync(path, "latin1");
        } catch {
            return "";
        }
    }
});

test("the table in docs/logging-in.md has the results of this run", () => {
    const rows = ways.map(({ name }) => {
        const { auto = "", openssh = "" } = results.get(name) ?? {};
        return `| ${name} | ${auto} | ${openssh === "openssh" ? "works" : openssh} |`;
    });
    const table = ["| Way in | `auto` takes | with `openssh` |", "| --- | --- | --- |", ...rows].join("\n");
    const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
    const written = page.replace(
        /(<!-- ways in -->\n)[\s\S]*?(\n<!-- end -->)/,
        (_, begin, end) => begin + table + end,
    );
    if (process.env.PORTABLE_WRITE_TABLES) writeFileSync(PAGE, written);
    else expect(page).toBe(written);
    expect(page).toContain("<!-- ways in -->");
});
