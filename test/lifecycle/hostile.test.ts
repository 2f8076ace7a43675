import { failure, type Json } from "./deployment";
import { atRest, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

/*
 * A host with other users: they can't redirect the files that root writes, and only root can block an operation. Declared
 * values can't add lines to a record, and every step has a time limit.
 */

const { provider, host, connection } = helloHost({
    toy: true,
    prepare: () => onHost(host, "useradd --create-home mallory && useradd app && echo precious >/etc/precious"),
});

const toy = (inputs: Json = {}): Json => ({
    unit: "toy.service",
    sections: { Service: { Environment: { A: "1" } } },
    connection,
    ...inputs,
});

afterEach(async () => {
    await provider.destroyAll();
    expect(await onHost(host, "cat /etc/precious; stat -c '%U %a' /etc/precious; systemctl is-active toy")).toBe(
        "precious\nroot 644\nactive",
    );
});

describe("a file in a directory that isn't root's alone is refused with the reason, before anything is changed:", () => {
    test.each([
        [
            "one of the service's user",
            "install -d -o app /srv/app",
            "/srv/app/config.toml",
            "the directory /srv/app belongs to the user APP, not to root",
        ],
        [
            "below one",
            "install -d -o app /srv/app /srv/app/a",
            "/srv/app/a/b/config.toml",
            "the directory /srv/app belongs to the user APP, not to root",
        ],
        [
            "one that a group can write to",
            "install -d -m 0775 -g app /srv/app",
            "/srv/app/config.toml",
            "others than root can write to the directory /srv/app",
        ],
        ["/tmp", "true", "/tmp/app/config.toml", "others than root can write to the directory /tmp"],
        [
            "behind a link of root's",
            "install -d -o app /home/x; ln -s /home/x /srv/app",
            "/srv/app/config.toml",
            "the directory /home/x belongs to the user APP, not to root",
        ],
        [
            "behind a link of a user's",
            "install -d -o app /home/x; ln -s /etc /home/x/etc",
            "/home/x/etc/config.toml",
            "the directory /home/x belongs to the user APP, not to root",
        ],
    ])("%s", async (_title, prepare, path, reason) => {
        await onHost(host, `${prepare}; ln -s /etc/precious /srv/app/.config.toml.pulumi-portable 2>/dev/null; true`);
        const dropIn = provider.resource("DropIn", "toy");
        const files = { [path]: { content: "of app\n", owner: "app" } };
        const failed = await failure(dropIn.up(toy({ files })));
        const uid = await onHost(host, "id -u app");
        expect(failed.message).toContain(`${path} can't be made: ${reason.replace("APP", uid)}`);
        expect(failed.isPartial).toBe(false);
        expect(
            await onHost(host, "ls -A /var/lib/pulumi-portable /etc/systemd/system/toy.service.d 2>&1 || true"),
        ).not.toContain("override");
        await onHost(host, "rm -rf /srv/app /home/x");
    });
});

test("files in a directory that was given to a user since are removed, and nothing behind the user's links is", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    await onHost(host, "mkdir -p /srv/app");
    await dropIn.up(toy({ files: { "/srv/app/hosts": { content: "x" }, "/srv/app/sub/precious": { content: "x" } } }));
    await onHost(host, "chown -R app /srv/app; mv /srv/app/sub /srv/app/old; ln -s /etc /srv/app/sub");
    await dropIn.up(toy());
    expect(await onHost(host, "ls -A /srv/app")).toBe("old\nsub");
    await dropIn.destroy();
    await onHost(host, "rm -r /srv/app");
});

describe("something else than a regular file in place of a declared file", () => {
    test.each(["mkfifo", "mkdir", "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'"])(
        "made by %s is reported by refresh, refused by an update, and doesn't block destroy",
        async (make) => {
            const dropIn = provider.resource("DropIn", "toy");
            const inputs = (content: string) => toy({ files: { "/etc/app/key": { content } } });
            await dropIn.up(inputs("one"));
            await onHost(host, `rm /etc/app/key; ${make} /etc/app/key`);
            await dropIn.refresh();
            expect((dropIn.outputs.hostFiles as Json)["/etc/app/key"]).toMatch(
                /^0\d{3} root root (fifo|directory|socket)$/,
            );
            const failed = await failure(dropIn.up(inputs("two")));
            expect(failed.message).toMatch(
                /\/etc\/app\/key can't be made: a (fifo|directory|socket) is there, and no file/,
            );
            await onHost(host, "rm -r /etc/app/key");
            await dropIn.up(inputs("three"));
            expect(await onHost(host, "cat /etc/app/key")).toBe("three");
        },
    );
});

test("a name with line breaks in it adds nothing to the records", async () => {
    const dropIn = provider.resource("DropIn", "toy\npath /etc/precious\ndir /etc");
    await dropIn.up(toy({ files: { "/etc/app/key": { content: "x" } } }));
    const other = provider.resource("DropIn", "other");
    const failed = await failure(other.up(toy({ name: "other.conf", files: { "/etc/app/key": { content: "y" } } })));
    expect(failed.message).toContain("::toy%0Apath /etc/precious%0Adir /etc");
    await dropIn.destroy();
});

test.each(["owner", "group"])("a line break in the %s of a file is refused", async (key) => {
    const files = { "/etc/app/key": { content: "x", [key]: "root\npath /etc/precious" } };
    const failed = await failure(provider.resource("DropIn", "toy").up(toy({ files })));
    expect(failed.message).toContain(`isn't the name or number of a ${key === "owner" ? "user" : "group"}`);
});

test("an image that a user of the host could replace isn't attached", async () => {
    await onHost(
        host,
        "install -d -o app /srv/app && touch /srv/app/toy_1.raw /var/lib/toy_1.raw && chown app /var/lib/toy_1.raw",
    );
    const uid = await onHost(host, "id -u app");
    const refusal = async (image: string) =>
        (await failure(provider.resource("AttachedService", "toy").up({ image, connection }))).message;
    expect(await refusal("/srv/app/toy_1.raw")).toContain(
        `/srv/app/toy_1.raw isn't safe to attach: the directory /srv/app belongs to the user ${uid}, not to root`,
    );
    expect(await refusal("/var/lib/toy_1.raw")).toContain(
        `/var/lib/toy_1.raw isn't safe to attach: it belongs to the user ${uid}, not to root`,
    );
    await onHost(host, "rm -r /srv/app /var/lib/toy_1.raw");
});

test("users who lock every file that they can open block no operation", async () => {
    const lockAll = `for path in / /etc /etc/systemd/system /run /run/systemd/system /var/lib /var/lib/private /var/lib/pulumi-portable; do
        setsid runuser -u mallory -- flock "$path" sleep 600 >/dev/null 2>&1 </dev/null & done; sleep 0.5`;
    await onHost(host, lockAll);
    try {
        const began = Date.now();
        const dropIn = provider.resource("DropIn", "toy");
        await dropIn.up(toy());
        await dropIn.destroy();
        expect(Date.now() - began).toBeLessThan(60_000);
    } finally {
        await onHost(host, "pkill -u mallory sleep || true");
    }
});

test("a host without flock is refused with the package to install", async () => {
    const flock = await onHost(host, "command -v flock");
    await onHost(host, `mv ${flock} ${flock}.away`);
    try {
        const failed = await failure(provider.resource("DropIn", "toy").up(toy()));
        expect(failed.message).toContain("the host has no program flock");
        expect(failed.message).toContain("util-linux");
    } finally {
        await onHost(host, `mv ${flock}.away ${flock}`);
    }
});

test("a start that never ends, with and without the new drop-in, doesn't lock the host for ever", async () => {
    await onHost(
        host,
        "cat >/etc/systemd/system/slow.service && systemctl daemon-reload && systemctl start slow",
        `[Service]
TimeoutStartSec=infinity
ExecStartPre=/bin/sh -c 'until [ ! -e /run/slow ]; do sleep 0.2; done'
ExecStart=/bin/sleep infinity
`,
    );
    await onHost(host, "touch /run/slow");
    const dropIn = provider.resource("DropIn", "slow");
    dropIn.timeoutSeconds = 8;
    const failed = await failure(dropIn.up(toy({ unit: "slow.service" })));
    expect(failed.message).toMatch(/restarting slow.service failed|Timeout|timed out/);
    // The rollback has its own limit, after which the lock is free.
    await atRest(host, "true");
    expect(await onHost(host, "ls /etc/systemd/system/slow.service.d 2>/dev/null || echo none")).toBe("none");
    await onHost(
        host,
        "rm /run/slow; systemctl stop slow; rm /etc/systemd/system/slow.service; systemctl daemon-reload",
    );
    dropIn.timeoutSeconds = 0;
}, 180_000);

test("an operation that is refused doesn't restart toy.service", async () => {
    const pid = await mainPid(host, "toy.service");
    const files = { "/tmp/x": { content: "x" } };
    await failure(provider.resource("DropIn", "toy").up(toy({ files })));
    expect(await mainPid(host, "toy.service")).toBe(pid);
});
