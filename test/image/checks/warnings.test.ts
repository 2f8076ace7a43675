import { validateImage } from "../../../provider/image/checks/checks";
import { findingText } from "../../../provider/image/checks/finding";
import { type Entry, Tree, textEntry } from "../../../provider/image/tree/tree";
import { elfFile } from "../elf/elf-file";
import { UNITS, WHOLE } from "./os-tree";

/** Warnings about an image of these units and parts, without those that each of these images draws. */
async function warnings(units: Record<string, string>, parts: Record<string, string | Buffer> = {}): Promise<string[]> {
    const tree = new Tree();
    for (const [path, content] of Object.entries({ ...WHOLE, ...parts })) {
        if (content === "/") tree.add(path, { kind: "directory", mode: 0o755 });
        else
            tree.add(
                path,
                file(content as string | Buffer, typeof content !== "string" || path.includes("bin/") ? 0o755 : 0o644),
            );
    }
    for (const [name, text] of Object.entries(units)) tree.add(`${UNITS}/${name}`, textEntry(text));
    const { findings: found } = await validateImage("hello", tree, units);
    expect(found.filter(({ severity }) => severity === "failure")).toEqual([]);
    return found.map(findingText);
}

function file(content: string | Buffer, mode: number): Entry {
    const bytes = Buffer.from(content);
    return { kind: "file", mode, size: bytes.length, sha256: "", content: { bytes } };
}

const start = (command: string, lines = "") => ({ "hello.service": `[Service]\nExecStart=${command}\n${lines}` });

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

describe("a file that systemd reads on the host though it is in the image", () => {
    const parts = {
        "/etc/hello.env": "A=b\n",
        "/usr/share/hello/key": "x",
        "/opt/hello/data": "/",
        "/opt/hello/file": "x",
        "/etc/hello.d/a": "x",
    };
    const warningText = (setting: string, path: string, use: string) =>
        expect.stringMatching(
            `^hello\\.service:\\d: ${setting}= names ${path.replace(/[*?]/g, "\\$&")}, which is in the image, and systemd ${use} on the host\\. `,
        );
    test.each<[string, string, string, string]>([
        ["[Service]\nEnvironmentFile=/etc/hello.env", "EnvironmentFile", "/etc/hello.env", "reads it"],
        ["[Service]\nEnvironmentFile=-%E/%N.env", "EnvironmentFile", "/etc/hello.env", "reads it"],
        ["[Service]\nLoadCredential=key:/usr/share/hello/key", "LoadCredential", "/usr/share/hello/key", "reads it"],
        ["[Service]\nStandardInput=file:/usr/share/hello/key", "StandardInput", "/usr/share/hello/key", "opens it"],
        ["[Unit]\nConditionPathExists=!/etc/hello.env", "ConditionPathExists", "/etc/hello.env", "looks for it"],
        [
            "[Unit]\nConditionFileIsExecutable=|/usr/bin/hello",
            "ConditionFileIsExecutable",
            "/usr/bin/hello",
            "looks for it",
        ],
        [
            "[Unit]\nConditionPathIsDirectory=/opt/hello/data",
            "ConditionPathIsDirectory",
            "/opt/hello/data",
            "looks for it",
        ],
        [
            "[Unit]\nAssertFileNotEmpty=/usr/share/hello/key",
            "AssertFileNotEmpty",
            "/usr/share/hello/key",
            "looks for it",
        ],
        ["[Service]\nEnvironmentFile=-/etc/hello.*", "EnvironmentFile", "/etc/hello.*", "reads it"],
        ["[Unit]\nConditionPathExistsGlob=!/etc/*.env", "ConditionPathExistsGlob", "/etc/*.env", "looks for it"],
        ["[Unit]\nAssertPathExistsGlob=|/opt/hello/?ile", "AssertPathExistsGlob", "/opt/hello/?ile", "looks for it"],
        [
            "[Unit]\nConditionDirectoryNotEmpty=/etc/hello.d",
            "ConditionDirectoryNotEmpty",
            "/etc/hello.d",
            "looks for it",
        ],
        ["[Service]\nStandardOutput=append:/opt/hello/file", "StandardOutput", "/opt/hello/file", "opens it"],
        [
            "[Service]\nBindReadOnlyPaths=-/usr/share/hello:/opt/hello/data:rbind",
            "BindReadOnlyPaths",
            "/usr/share/hello",
            "looks for it",
        ],
    ])("%s", async (lines, setting, path, use) => {
        expect(await warnings(start("/usr/bin/hello", `${lines}\n`), parts)).toEqual([warningText(setting, path, use)]);
    });

    test("a path unit", async () => {
        const units = { ...start("/usr/bin/hello"), "hello.path": "[Path]\nPathModified=/etc/hello.env\n" };
        expect(await warnings(units, parts)).toEqual([
            "hello.path:2: PathModified= names /etc/hello.env, which is in the image, and systemd watches it on the host. Name a path of the host, or remove the setting.",
        ]);
    });

    test("a command of a socket", async () => {
        const units = {
            ...start("/usr/bin/hello"),
            "hello.socket": "[Socket]\nListenStream=8080\nExecStartPre=-/usr/bin/hello x\n",
        };
        expect(await warnings(units)).toEqual([
            "hello.socket:3: ExecStartPre= names /usr/bin/hello, which is in the image, and systemd runs it on the host. Name a path of the host, or remove the setting.",
        ]);
    });

    test.each([
        "[Service]\nEnvironmentFile=/etc/*/hello.env",
        "[Service]\nBindReadOnlyPaths=/opt/hello/file",
        "[Unit]\nConditionDirectoryNotEmpty=/var/lib",
        "[Service]\nEnvironmentFile=-/etc/default/hello",
        "[Service]\nLoadCredential=key:/etc/hello.key",
        "[Unit]\nConditionPathExists=/etc/hello",
        "[Unit]\nConditionPathIsReadWrite=/var/lib",
        "[Unit]\nConditionPathExists=/run/hello",
    ])("not %s", async (lines) => {
        expect(
            await warnings(start("/usr/bin/hello", `${lines}\n`), { ...parts, "/etc/hello": "/", "/var/lib": "/" }),
        ).toEqual([]);
    });
});

describe("a PID file", () => {
    test("that only the service sees draws a warning", async () => {
        expect(await warnings(start("/usr/bin/hello", "Type=forking\nPIDFile=hello.pid\n"))).toEqual([
            "hello.service:4: PIDFile= is /run/hello.pid, which the service writes where only it sees it: systemd looks for it on the host, and the start would time out. Write it into a directory of RuntimeDirectory=, or let the program run in the foreground without PIDFile=.",
        ]);
    });

    test.each([
        "RuntimeDirectory=%N\nPIDFile=/run/hello/pid",
        "RuntimeDirectory=hello\nPIDFile=/var/run/hello/pid",
        "BindPaths=/run/all\nPIDFile=/run/all/pid",
    ])("draws no warning with %s", async (lines) => {
        expect(await warnings(start("/usr/bin/hello", `${lines}\n`))).toEqual([]);
    });
});

test("variables whose names systemd ignores draw a warning", async () => {
    const found = await warnings(start("/usr/bin/hello", 'Environment=A=1 "my.name=x y" B-C=2 %N=3\n'));
    expect(found).toEqual(
        ["my.name", "B-C"].map(
            (name) =>
                `hello.service:3: Environment= sets '${name}', which systemd drops: names of variables have letters, digits and _ only. Let the program take another name, or start it by \`env\` in ExecStart=.`,
        ),
    );
});

test("a variable without a value draws a warning", async () => {
    const [found] = await warnings(start("/usr/bin/hello", "Environment=DEBUG A=1\n"));
    expect(found).toBe(
        "hello.service:3: Environment= has 'DEBUG', which systemd drops: it sets no value. Write it as NAME=VALUE, or pass on the manager's variable with PassEnvironment=.",
    );
});

describe("a default instance that starts nothing", () => {
    test("draws a warning if nothing wants it", async () => {
        const text = "[Service]\nExecStart=/usr/bin/hello\n[Install]\nDefaultInstance=main\n";
        expect(await warnings({ "hello@.service": text })).toEqual([
            "hello@.service:4: DefaultInstance= is main, and nothing starts hello@main.service: [Install] names no unit that wants it. Add WantedBy=multi-user.target to [Install].",
        ]);
        expect(await warnings({ "hello@.service": `${text}WantedBy=multi-user.target\n` })).toEqual([]);
    });

    test("draws a warning if the unit is no template", async () => {
        expect(await warnings(start("/usr/bin/hello", "[Install]\nDefaultInstance=main\n"))).toEqual([
            "hello.service:4: DefaultInstance= counts in templates only, and this unit isn't one: its name has no @. Remove it, or make the unit a template.",
        ]);
    });
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
