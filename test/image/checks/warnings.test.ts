import { validateImage } from "../../../provider/image/checks/checks";
import { findingText } from "../../../provider/image/checks/finding";
import { Tree } from "../../../provider/image/tree/tree";
import { elfFile } from "../elf/elf-file";
import { UNITS, WHOLE } from "./os-tree";
import { file, start, warnings } from "./unit-warnings";

describe("a runtime with a JIT compiler draws a warning, however it is started", () => {
    const named = (runtime: string) => [
        `hello.service:2: ExecStart= runs ${runtime}, which writes machine code while it runs, and the default profile forbids that (MemoryDenyWriteExecute=yes): it aborts at its start, unless the AttachedService has units: { "hello.service": { presets: ["jit"] } }. In the unit itself MemoryDenyWriteExecute= has no effect, as the profile is read after it.`,
    ];
    const program = elfFile();
    test.each<[string, string, Record<string, string | Buffer>, string]>([
        ["by its path", "/usr/bin/node /opt/app.js", { "/usr/bin/node": program }, "Node.js"],
        ["by a version", "/usr/bin/node-24", { "/usr/bin/node-24": program }, "Node.js"],
        [
            "by a script",
            "/bin/app",
            { "/bin/app": "#!/usr/bin/env deno\n", "/usr/bin/env": program, "/usr/bin/deno": program },
            "Deno",
        ],
        ["by a shell", '/bin/sh -c "exec java -jar /opt/a.jar"', { "/bin/sh": program }, "Java"],
        ["by a library", "/usr/bin/hello", { "/usr/bin/hello": elfFile({ needed: ["libluajit-5.1.so.2"] }) }, "LuaJIT"],
        [
            "by what lies beside it",
            "/opt/app/app",
            { "/opt/app/app": program, "/opt/app/libcoreclr.so": program },
            ".NET",
        ],
    ])("%s", async (_, command, parts, runtime) => {
        expect(await warnings(start(command), parts)).toEqual(named(runtime));
    });

    test("other programs draw none", async () => {
        expect(await warnings(start("/usr/bin/python3"), { "/usr/bin/python3": program })).toEqual([]);
        expect(await warnings(start("/usr/bin/hello node"))).toEqual([]);
    });
});

describe("a port below 1024", () => {
    const seems = (setting: string, port: number) =>
        expect.stringContaining(
            `it seems to listen on port ${port} (${setting}), and under the default profile a port below 1024 can't be bound (PrivateUsers=yes)`,
        );
    test.each<[string, string, string, number]>([
        ["/usr/bin/hello --port 80", "", "ExecStart= has --port 80", 80],
        ["/usr/bin/hello -p 443", "", "ExecStart= has -p 443", 443],
        ["/usr/bin/hello --listen=0.0.0.0:80", "", "ExecStart= has --listen 0.0.0.0:80", 80],
        ["/usr/bin/hello http://[::]:81/", "", "ExecStart= has http://[::]:81/", 81],
        ["/usr/bin/hello", "Environment=PORT=80\n", "Environment= has PORT 80", 80],
        ["/usr/bin/hello :53", "AmbientCapabilities=CAP_NET_BIND_SERVICE\n", "ExecStart= has :53", 53],
    ])("%s %s", async (command, lines, setting, port) => {
        expect(await warnings(start(command, lines))).toEqual([seems(setting, port)]);
    });

    test.each([
        "/usr/bin/hello --port 8080",
        "/usr/bin/hello --workers 4",
        "/usr/bin/hello 80",
        "/usr/bin/hello --port 0",
    ])("isn't meant by %s", async (command) => {
        expect(await warnings(start(command))).toEqual([]);
    });

    test("draws no warning if systemd passes the socket", async () => {
        const units = { ...start("/usr/bin/hello --port 80"), "hello.socket": "[Socket]\nListenStream=80\n" };
        expect(await warnings(units)).toEqual([]);
    });
});

describe("a path in the read-only image that the program seems to write", () => {
    const READ_ONLY = "if the program writes there it fails, as the image is read-only";
    test.each<[string, string, string]>([
        [
            "/usr/bin/hello --data /var/lib/hello/db",
            "",
            `ExecStart= has --data /var/lib/hello/db: ${READ_ONLY}. Add StateDirectory=hello.`,
        ],
        [
            "/usr/bin/hello",
            "Environment=CACHE=/var/cache/hello\n",
            `Environment= has CACHE /var/cache/hello: ${READ_ONLY}. Add CacheDirectory=hello.`,
        ],
        [
            "/usr/bin/hello",
            "ReadWritePaths=/srv/x\n",
            "ReadWritePaths=/srv/x lies in the image, which is read-only whatever the setting says. Bind a directory of the host with BindPaths=, or write to a directory of StateDirectory=.",
        ],
    ])("%s %s", async (command, lines, said) => {
        const [first, ...more] = await warnings(start(command, lines), { "/srv/x/keep": "" });
        expect(first).toContain(said);
        expect(more).toEqual([]);
    });

    test.each([
        ["/usr/bin/hello --data /var/lib/hello/db", "StateDirectory=hello\n"],
        ["/usr/bin/hello --data /srv/data", "BindPaths=/srv/data\n"],
        ["/usr/bin/hello --pid /run/hello/pid --tmp /var/tmp/x", ""],
    ])("is fine with %s %s", async (command, lines) => {
        const parts = { "/var/lib/hello": "/", "/srv/data": "/" };
        expect(await warnings(start(command, lines), parts)).toEqual([]);
    });
});

test("User= that has no account on the host draws a warning", async () => {
    expect(await warnings(start("/usr/bin/hello", "User=app\n"))).toEqual([
        "hello.service:3: User=app is a dynamic user under the default profile, and under trusted an account that the host must have (217/USER). Add DynamicUser=yes, or make the account on the host before it is attached with the profile trusted.",
    ]);
    expect(await warnings(start("/usr/bin/hello", "User=app\nDynamicUser=yes\n"))).toEqual([]);
    const [withAccount] = await warnings(start("/usr/bin/hello", "User=app\n"), {
        "/etc/passwd": "app:x:1:1::/:/bin/false\n",
    });
    expect(withAccount).toContain("the account in the image counts for nothing");
});

test("a program that only root may execute draws a warning", async () => {
    const tree = new Tree();
    for (const [path, content] of Object.entries(WHOLE)) {
        if (content === "/") tree.add(path, { kind: "directory", mode: 0o755 });
        else tree.add(path, file(content as string, 0o700));
    }
    expect((await validateImage("hello", tree, start("/usr/bin/hello"))).findings.map(findingText)).toEqual([
        "hello.service:2: ExecStart= runs /usr/bin/hello, and under the default profile the service isn't root: /usr/bin/hello has mode 0700. Let everybody read and execute it: mode 0755.",
    ]);
});

test("a template whose name lost its @, as in a Nix store path, draws a warning", async () => {
    expect(await warnings({ "hello-.service": "[Service]\nExecStart=/usr/bin/hello %i\n" })).toEqual([
        "hello-.service:2: ExecStart= has the instance %i, and the unit isn't a template: its name has no @. Name it hello@.service if it is one, else remove the %i.",
    ]);
    expect(await warnings(start("/usr/bin/hello 100%%i"))).toEqual([]);
});

test("units that portabled doesn't attach draw a warning", async () => {
    expect(
        await warnings(start("/usr/bin/hello"), { [`${UNITS}/web.service`]: "", [`${UNITS}/hello.mount`]: "" }),
    ).toEqual([
        expect.stringMatching(
            /^The image has 2 units that portablectl ignores, .*: hello\.mount, web\.service\. Rename what shall be attached/,
        ),
    ]);
});

test("a reference to a unit that must be the host's draws a warning", async () => {
    const units = { ...start("/usr/bin/hello"), "hello.timer": "[Timer]\nOnCalendar=daily\nUnit=backup.service\n" };
    expect(await warnings(units)).toEqual([
        "hello.timer:3: Unit= names backup.service, and the image has no such unit: the host must have it. Correct the name if it is meant to be one of the image.",
    ]);
});

/** Only systemd 250 and later on this machine can check the units of another root. */
test("a misspelled setting draws a warning if this machine's systemd can check it", async () => {
    const found = await warnings(start("/usr/bin/hello", "Retsart=always\n"));
    const { execFileSync } = await import("node:child_process");
    let version = 0;
    try {
        version = Number(/\d+/.exec(execFileSync("systemd-analyze", ["--version"], { encoding: "utf8" }))?.[0]);
    } catch {
        // There is no systemd on this machine.
    }
    expect(found).toEqual(
        version < 250
            ? []
            : [
                  "hello.service:3: unknown key 'Retsart' in section [Service], which systemd ignores. Correct it, unless the host's systemd is newer than the one of this machine.",
              ],
    );
});
