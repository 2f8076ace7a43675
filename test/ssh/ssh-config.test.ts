import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { resolveLogin } from "../../provider/ssh/login/resolve-login";
import { expandPath, namesUser, parseJump, splitPaths } from "../../provider/ssh/login/ssh-config";

const directory = mkdtempSync(join(tmpdir(), "portable-test-ssh-config-"));
const file = join(directory, "config");
const before = process.env.PORTABLE_SSH_CONFIG;

function configure(text: string): void {
    writeFileSync(file, text);
    process.env.PORTABLE_SSH_CONFIG = file;
}

afterAll(() => {
    if (before === undefined) delete process.env.PORTABLE_SSH_CONFIG;
    else process.env.PORTABLE_SSH_CONFIG = before;
    rmSync(directory, { recursive: true });
});

describe("the settings of a host", () => {
    test("come from ssh_config", async () => {
        configure(`
            Host web1
                HostName 198.18.0.1
                User deploy
                Port 2222
                IdentityFile ${directory}/id_%h
                IdentitiesOnly yes
                UserKnownHostsFile ${directory}/known ${directory}/known2
                GlobalKnownHostsFile none
                ConnectTimeout 7
                AddressFamily inet
        `);
        const login = await resolveLogin({ host: "web1" });
        expect(login).toMatchObject({
            address: "198.18.0.1",
            port: 2222,
            user: "deploy",
            dialTimeoutSeconds: 7,
            dialErrorLimit: 10,
            route: { kind: "direct", family: 4 },
            hostKey: {
                ignore: false,
                names: ["[198.18.0.1]:2222", "198.18.0.1"],
                files: [`${directory}/known`, `${directory}/known2`],
            },
            credentials: { identityFiles: [`${directory}/id_198.18.0.1`], identitiesOnly: true },
        });
    });

    test("give way to those of the connection", async () => {
        configure("Host web1\n User deploy\n Port 2222\n IdentityFile /nowhere/id\n ConnectTimeout 7\n");
        const login = await resolveLogin({
            host: "web1",
            user: "admin",
            port: 22,
            privateKey: "text",
            perDialTimeout: 3,
            dialErrorLimit: 2,
        });
        expect(login).toMatchObject({
            address: "web1",
            port: 22,
            user: "admin",
            dialTimeoutSeconds: 3,
            dialErrorLimit: 2,
            credentials: { privateKey: "text", identityFiles: [], agent: undefined },
        });
    });

    test("don't include StrictHostKeyChecking=no of ssh_config", async () => {
        configure("Host *\n StrictHostKeyChecking no\n");
        expect((await resolveLogin({ host: "web1" })).hostKey.ignore).toBe(false);
        const opened = await resolveLogin({ host: "web1", insecureIgnoreHostKey: true });
        expect(opened.hostKey.ignore).toBe(true);
        const login = await resolveLogin({ host: "web1", insecureIgnoreHostKey: true, hostKey: "ssh-ed25519 AAAA" });
        expect(login.hostKey).toMatchObject({ ignore: false, hostKey: "ssh-ed25519 AAAA" });
    });

    test("include HostKeyAlias, which is looked up in known_hosts", async () => {
        configure("Host web1\n Port 2222\n HostKeyAlias pool.example\n");
        expect((await resolveLogin({ host: "web1" })).hostKey.names).toEqual(["pool.example"]);
    });
});

describe("the default user", () => {
    test("is root if no user is configured", async () => {
        configure("Host other\n User deploy\n");
        expect((await resolveLogin({ host: "web1" })).user).toBe("root");
    });

    // `ssh -G` prints the local user both if it is configured and if no user is
    test.each([
        [`Host web1\n User ${userInfo().username}\n`, true],
        [`Host web*\n Port 23\nMatch user ${userInfo().username}\n User ${userInfo().username}\n`, true],
        ["Host other\n User deploy\n", false],
        ["", false],
    ])("is looked for in the configuration: %j", async (text, named) => {
        configure(text);
        expect(await namesUser({ host: "web1" })).toBe(named);
    });

    test("is the local user for a hop of ProxyJump, as with ssh", async () => {
        configure("Host web1\n ProxyJump bastion\n");
        const { route } = await resolveLogin({ host: "web1" });
        expect(route).toMatchObject({ kind: "jump", through: { user: userInfo().username, address: "bastion" } });
    });
});

describe("the route to a host", () => {
    test("may be a ProxyJump with several hops, users and ports", async () => {
        configure(
            "Host web1\n ProxyJump one@bastion:2201,two@[2001:db8::1]:2202\nHost bastion\n HostName 198.18.0.9\n",
        );
        const { route } = await resolveLogin({ host: "web1" });
        expect(route).toMatchObject({
            kind: "jump",
            through: {
                user: "two",
                address: "2001:db8::1",
                port: 2202,
                route: { kind: "jump", through: { user: "one", address: "198.18.0.9", port: 2201 } },
            },
        });
    });

    test("is the connection's proxy rather than ProxyJump", async () => {
        configure("Host web1\n ProxyJump bastion\n");
        const { route } = await resolveLogin({ host: "web1", proxy: { host: "gate", user: "me" } });
        expect(route).toMatchObject({
            kind: "jump",
            through: { address: "gate", user: "me", route: { kind: "direct" } },
        });
    });

    test("may be a ProxyCommand with tokens", async () => {
        configure("Host web1\n HostName web1.example\n User me\n ProxyCommand nc %h %p %r %n 100%%\n");
        const { route } = await resolveLogin({ host: "web1" });
        expect(route).toEqual({ kind: "command", command: "nc web1.example 22 me web1 100%" });
    });

    test("is refused if jump hosts form a ring", async () => {
        configure("Host a\n ProxyJump b\nHost b\n ProxyJump a\n");
        await expect(resolveLogin({ host: "a" })).rejects.toMatchObject({
            code: "settings",
            message: expect.stringContaining("or is a ring"),
        });
    });
});

describe("refused is", () => {
    test.each(["-oProxyCommand=id", "a b", "a;id", "$(id)", "a\nb"])("host %j", async (host) => {
        configure("");
        await expect(resolveLogin({ host })).rejects.toMatchObject({
            code: "settings",
            problem: { property: "connection.host" },
        });
    });

    test("a connection without a host", async () => {
        await expect(resolveLogin({})).rejects.toThrow("connection.host: no host is given");
    });

    test("a user whose name a ProxyCommand's shell would run", async () => {
        configure("Host web1\n ProxyCommand nc -X %r %h %p\n");
        await expect(resolveLogin({ host: "web1", user: "a`id`" })).rejects.toMatchObject({ code: "settings" });
    });

    test("a broken configuration, with ssh's message", async () => {
        configure("Host web1\n Nonsense yes\n");
        await expect(resolveLogin({ host: "web1" })).rejects.toMatchObject({
            code: "settings",
            problem: { reported: expect.stringContaining("line 2: Bad configuration option: nonsense") },
        });
    });
});

test.each([
    ["bastion", { host: "bastion" }],
    ["me@bastion:2222", { host: "bastion", user: "me", port: 2222 }],
    ["ssh://me@bastion:2222", { host: "bastion", user: "me", port: 2222 }],
    ["a@b@bastion", { host: "bastion", user: "a@b" }],
    ["[::1]:22", { host: "::1", port: 22 }],
    ["::1", { host: "::1" }],
])("a hop %s", (text, hop) => {
    expect(parseJump(text)).toEqual({ user: undefined, port: undefined, ...hop });
});

test.each([
    ["/home/me/.ssh/known_hosts ~/second %d/third", ["/home/me/.ssh/known_hosts", "~/second", "%d/third"]],
    ["/home/me/My Keys/known_hosts /etc/ssh/known", ["/home/me/My Keys/known_hosts", "/etc/ssh/known"]],
    ["none", ["none"]],
    ["", []],
])("the paths of a line of ssh -G, which prints no quotes: %j", (text, paths) => {
    expect(splitPaths(text)).toEqual(paths);
});

test("tokens of a file name", () => {
    process.env.PORTABLE_TEST_TOKEN = "x";
    expect(expandPath("~/a/%r@%h%%-${PORTABLE_TEST_TOKEN}", { r: "me", h: "web1" })).toBe(
        `${userInfo().homedir}/a/me@web1%-x`,
    );
    delete process.env.PORTABLE_TEST_TOKEN;
});
