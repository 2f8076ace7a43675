import { start, warnings } from "./unit-warnings";

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
