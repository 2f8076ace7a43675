import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { bootHost, diffSnapshots, hostLeftovers, hostsCommand, suites, type TestHost, type TestHostOptions } from "./";

const bootTimeout = 300_000; // the first boot of a suite also builds its root file system

const up: TestHost[] = [];

async function boot(options?: TestHostOptions): Promise<TestHost> {
    const host = await bootHost(options);
    up.push(host);
    return host;
}

delete process.env.PORTABLE_TEST_HOST; // these tests power off and remove their hosts, so none may stay up

afterAll(() => Promise.all(up.map((host) => host.down())), bootTimeout);

const SYSTEMD = { bookworm: /^systemd 252 /, trixie: /^systemd 257 /, sid: /^systemd (26[2-9]|2[7-9]\d|[3-9]\d\d) / };

describe.each(suites)("a host with Debian %s", (suite) => {
    let host: TestHost;

    beforeAll(async () => {
        host = await boot({ suite });
    }, bootTimeout);

    test("runs the suite's version of systemd, without failed units", async () => {
        const { stdout } = await host.ssh(
            "systemctl --version; systemctl is-system-running; portablectl --no-legend list",
        );
        expect(stdout).toMatch(SYSTEMD[suite]);
        expect(stdout).toContain("\nrunning\n");
    });

    test("accepts root, deploy with sudo, and nosudo without", async () => {
        expect((await host.ssh("id -u")).stdout).toBe("0\n");
        expect((await host.ssh("id -u; sudo -n id -u", { user: "deploy" })).stdout).toBe("1000\n0\n");
        expect((await host.ssh("sudo -n id -u", { user: "nosudo" })).code).not.toBe(0);
    });

    test("passes on input, exit status and both outputs of a command", async () => {
        const command = "cat; echo why >&2; exit 7";
        expect(await host.ssh(command, { input: "in" })).toEqual({ code: 7, stdout: "in", stderr: "why\n" });
        expect(await host.exec(command, { input: "in" })).toEqual({ code: 7, stdout: "in", stderr: "why\n" });
    });

    test("has only real changes in the diff of two snapshots", async () => {
        const before = await host.snapshot();
        await host.ssh("sudo -n portablectl list", { user: "deploy" });
        expect(diffSnapshots(before, await host.snapshot())).toEqual([]);

        const change = "install -m 640 -g deploy /dev/null /etc/new && ln -s new /etc/link && useradd --uid 2000 anna";
        await host.exec(change);
        const changed = await host.snapshot();
        expect(diffSnapshots(before, changed)).toEqual(
            expect.arrayContaining([
                expect.stringMatching(/^\+ file \/etc\/new: 0640 root:deploy 0 bytes sha256:[0-9a-f]{64}$/),
                "+ link /etc/link: root:root -> new",
                expect.stringMatching(/^\+ user anna: 2000:2000:/),
                expect.stringMatching(
                    /^~ file \/etc\/passwd: 0644 root:root \d+ bytes .* => 0644 root:root \d+ bytes /,
                ),
            ]),
        );

        await host.exec("rm /etc/new && ln -sfn newer /etc/link");
        expect(diffSnapshots(changed, await host.snapshot())).toEqual([
            expect.stringMatching("- file /etc/new: 0640 root:deploy 0 bytes "),
            "~ link /etc/link: root:root -> new => root:root -> newer",
        ]);
    });

    test("answers HTTP requests of this machine on both addresses", async () => {
        await host.exec("mkdir -p /srv/www && echo hello >/srv/www/page");
        await host.exec("systemd-run --unit=www --working-directory=/srv/www python3 -m http.server 8080");
        await host.exec("until curl --silent --output /dev/null localhost:8080; do sleep 0.1; done");
        expect(await host.http(8080, "/page")).toEqual({ status: 200, body: "hello\n" });
        expect((await host.http(8080, "/none")).status).toBe(404);
        const answer = await fetch(`http://${host.secondAddress}:8080/page`, { headers: { connection: "close" } });
        expect(await answer.text()).toBe("hello\n");
        await host.exec("systemctl stop www");
        await expect(host.http(8080, "/page")).rejects.toThrow("ECONNREFUSED");
    });

    test("keeps its disk, address and host key after a power-off", async () => {
        await host.ssh("echo kept >/root/kept; echo lost >/run/lost");
        await host.poweroff();
        expect((await host.exec("true")).stderr).toContain(`${host.name} isn't running`);
        await host.boot();
        // This login verifies the host key.
        expect((await host.ssh("cat /root/kept /run/lost")).stdout).toBe("kept\n");
    });

    test("can be reached without its sshd", async () => {
        await host.exec("systemctl stop ssh.socket ssh.service");
        expect((await host.ssh("true")).stderr).toContain("Connection refused");
        await host.exec("systemctl start ssh.service");
        expect((await host.ssh("true")).code).toBe(0);
    });
});

test(
    "two hosts booted at once differ, and one can be reached through the other",
    async () => {
        const [a, b] = await Promise.all([boot(), boot()]);
        expect(new Set([a.address, a.secondAddress, b.address, b.secondAddress]).size).toBe(4);
        expect(a.hostKey).not.toBe(b.hostKey);
        const identity = "cat /etc/machine-id";
        expect((await a.ssh(identity)).stdout).not.toBe((await b.ssh(identity)).stdout);

        const jump = `ProxyCommand=ssh -F ${a.sshConfigPath} -W %h:%p ${a.name}`;
        const { stdout } = await promisify(execFile)("ssh", [
            "-F",
            b.sshConfigPath,
            "-o",
            jump,
            b.name,
            "hostname; echo $SSH_CONNECTION",
        ]);
        expect(stdout).toMatch(`${b.name}\n${a.address} `);
    },
    bootTimeout,
);

test(
    "a host can be booted without a package and a file",
    async () => {
        const host = await boot({ without: ["systemd-container", "/usr/bin/zstd"] });
        const found = await host.ssh("command -v portablectl zstd; ls /usr/share/dbus-1/system-services");
        expect(found.stdout).toContain("org.freedesktop.systemd1.service");
        expect(found.stdout).not.toMatch(/portable|zstd/);
        await expect(bootHost({ without: ["no-such-package"] })).rejects.toThrow("can't remove no-such-package");
    },
    bootTimeout,
);

test(
    "down leaves nothing of a host, not even of an attached image",
    async () => {
        const host = await boot();
        await attachSleeper(host);
        expect(await imagesInLoopDevices()).toContain("/var/lib/portables/sleeper.raw");
        expect((await hostLeftovers(host.name)).join("\n")).toMatch(/network namespace .*cgroup .*process .*file /s);

        await host.down();
        expect(await hostLeftovers(host.name)).toEqual([]);
        expect(await imagesInLoopDevices()).not.toContain("/var/lib/portables/sleeper.raw");
    },
    bootTimeout,
);

test(
    "gc removes a host whose owner has exited, and no other",
    async () => {
        const kept = await boot();
        const owner = spawn("sleep", ["600"]);
        const name = `orphan-${process.pid}`;
        try {
            await hostsCommand("up", name, "--owner", String(owner.pid));
            await hostsCommand("gc");
            expect(await hostsCommand("list")).toContain(`${name} `);
            await new Promise((resolve) => owner.on("exit", resolve).kill());
            await hostsCommand("gc");
            expect(await hostsCommand("list")).not.toContain(`${name} `);
            expect(await hostLeftovers(name)).toEqual([]);
            expect((await kept.exec("true")).code).toBe(0);
        } finally {
            owner.kill();
            await hostsCommand("down", name);
        }
    },
    bootTimeout,
);

test(
    "bootHost returns the host PORTABLE_TEST_HOST, which stays up",
    async () => {
        const staying = await boot();
        process.env.PORTABLE_TEST_HOST = staying.name;
        try {
            const shared = await bootHost();
            expect(shared.name).toBe(staying.name);
            const second = await boot();
            expect(second.name).not.toBe(staying.name);
            await shared.down();
            expect((await staying.ssh("true")).code).toBe(0);
        } finally {
            delete process.env.PORTABLE_TEST_HOST;
        }
    },
    bootTimeout,
);

test(
    "two run directories never share a network",
    async () => {
        const base = mkdtempSync(path.join(tmpdir(), "portable-runs-"));
        const run = promisify(execFile);
        // There are 512 numbers, so two of 600 names have the same one.
        const { stdout } = await run("bash", [
            "-c",
            'for at in {1..600}; do echo "$(($(printf %s "$0/$at" | cksum | cut -d " " -f 1) % 512)) $0/$at"; done | sort | awk \'NR > 1 && $1 == last { print path; print $2; exit } { last = $1; path = $2 }\'',
            base,
        ]);
        const script = path.join(__dirname, "hosts.sh");
        const runIn = (directory: string, ...command: string[]) =>
            run(script, command, { env: { ...process.env, PORTABLE_TEST_RUN: directory } });
        const runs = stdout.trim().split("\n");
        expect(runs).toHaveLength(2);
        try {
            await Promise.all(runs.map((directory) => runIn(directory, "up", "one", "--owner", String(process.pid))));
            const addresses = await Promise.all(
                runs.map(async (directory) => (await runIn(directory, "ip", "one")).stdout),
            );
            expect(new Set(addresses).size).toBe(2);
            expect((await runIn(runs[1] as string, "ssh", "root@one", "hostname")).stdout).toBe("one\n");
        } finally {
            for (const directory of runs) await runIn(directory, "down");
        }
        for (const directory of runs) expect((await runIn(directory, "leftovers")).stdout).toBe("");
        rmSync(base, { recursive: true });
    },
    bootTimeout,
);

test("list leaves out a host that is being removed", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "portable-runs-"));
    try {
        mkdirSync(path.join(directory, "going"));
        writeFileSync(path.join(directory, "going", "slot"), "1\n");
        const script = path.join(__dirname, "hosts.sh");
        const list = await promisify(execFile)(script, ["list"], {
            env: { ...process.env, PORTABLE_TEST_RUN: directory },
        });
        expect(list.stdout).toBe("");
    } finally {
        rmSync(directory, { recursive: true });
    }
});

/** Attaches and starts a service from a squashfs image; its program is the host's sleep. */
async function attachSleeper(host: TestHost): Promise<void> {
    const directory = mkdtempSync(path.join(tmpdir(), "sleeper-"));
    try {
        const tree = path.join(directory, "tree");
        for (const name of ["usr/lib/systemd/system", "etc", "proc", "sys", "dev", "run", "tmp", "var/tmp"])
            mkdirSync(path.join(tree, name), { recursive: true });
        for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, path.join(tree, name));
        for (const name of ["etc/machine-id", "etc/resolv.conf"]) writeFileSync(path.join(tree, name), "");
        writeFileSync(path.join(tree, "usr/lib/os-release"), "ID=test\nPORTABLE_PREFIXES=sleeper\n");
        // With Type=exec the service has started once its image is mounted.
        const unit = "[Service]\nType=exec\nExecStart=/usr/bin/sleep infinity\nBindReadOnlyPaths=/usr\n";
        writeFileSync(path.join(tree, "usr/lib/systemd/system/sleeper.service"), unit);
        const image = path.join(directory, "sleeper.raw");
        await promisify(execFile)("mksquashfs", [tree, image, "-quiet", "-all-root"]);
        await promisify(execFile)("scp", ["-q", "-F", host.sshConfigPath, image, `${host.name}:/var/lib/portables/`]);
    } finally {
        rmSync(directory, { recursive: true });
    }
    const attached = await host.exec("portablectl attach --now sleeper && systemctl is-active sleeper.service");
    expect(attached).toMatchObject({ code: 0, stdout: expect.stringMatching(/^active$/m) });
}

async function imagesInLoopDevices(): Promise<string[]> {
    const { stdout } = await promisify(execFile)("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"]);
    return stdout.split("\n").map((line) => line.trim());
}
