import { parseUnit } from "../../provider/systemd/unit-file";
import { mountPoints, programs } from "../../provider/systemd/unit-paths";

/** `PATH KIND`, with `(there)` if the path must exist but nothing is mounted on it. */
function points(lines: string, unit = "hello.service") {
    return mountPoints(parseUnit(`[Service]\n${lines}\n`), unit).map(
        ({ path, kind, mounted }) => `${path} ${kind}${mounted ? "" : " (there)"}`,
    );
}

test.each<[string, string[]]>([
    [
        "StateDirectory=hello a/b:link\nStateDirectory=c",
        ["/var/lib/hello directory", "/var/lib/a/b directory", "/var/lib/c directory"],
    ],
    [
        "CacheDirectory=%p\nLogsDirectory=%N\nConfigurationDirectory=hello.d",
        ["/var/cache/hello directory", "/var/log/hello directory", "/etc/hello.d directory"],
    ],
    ["RuntimeDirectory=hello", []],
    ["StateDirectory=a\nStateDirectory=\nStateDirectory=b", ["/var/lib/b directory"]],
    [
        "BindPaths=/srv/data:/data -/opt/x /a\\:b:/c\\:d:norbind",
        ["/data directory", "/opt/x directory", "/c:d directory"],
    ],
    [
        "BindReadOnlyPaths=/etc/hello.conf /etc/hosts /etc/ssl/ /etc/conf.d",
        ["/etc/hello.conf file", "/etc/hosts file", "/etc/ssl directory", "/etc/conf.d directory"],
    ],
    ['BindReadOnlyPaths="/srv/with space"', ["/srv/with space directory"]],
    ["BindPaths=/run/x /dev/log /proc/y /sys/z", []],
    ["MountImages=/x.raw:/mnt /y.raw", ["/mnt directory"]],
    ["TemporaryFileSystem=/var:ro,mode=700", ["/var directory"]],
    ["ReadWritePaths=/srv/w -/srv/o +/srv/p", ["/srv/w directory (there)", "/srv/p directory (there)"]],
    ["WorkingDirectory=/srv/app", ["/srv/app directory (there)"]],
    ["WorkingDirectory=~", []],
    ["WorkingDirectory=-/srv/app", []],
    ["StateDirectory=../etc", []],
])("%s", (lines, expected) => {
    expect(points(lines)).toEqual(expected);
});

test("the instance of a template is unknown, that of an instance is known", () => {
    expect(points("StateDirectory=hello/%i %p", "hello@.service")).toEqual(["/var/lib/hello directory"]);
    expect(points("StateDirectory=hello/%i", "hello@a.service")).toEqual(["/var/lib/hello/a directory"]);
});

test("programs are those of all commands that mustn't fail", () => {
    const found = programs(
        parseUnit(
            "[Service]\nExecStart=!!/bin/a ; :/bin/b\nExecStop=-/bin/c\nExecStartPre=+/bin/d\nExecReload=/opt/%u/e\nExecStopPost=f\n",
        ),
        "hello.service",
    );
    expect(found.map(({ key, line, candidates }) => [key, line, candidates.at(-1)])).toEqual([
        ["ExecStart", 2, "/bin/a"],
        ["ExecStart", 2, "/bin/b"],
        ["ExecStopPost", 6, "/bin/f"],
    ]);
});

test("ExecSearchPath= replaces the search path", () => {
    const unit = parseUnit("[Service]\nExecSearchPath=/opt/a:/opt/b\nExecStart=x\n");
    expect(programs(unit, "hello.service")[0]?.candidates).toEqual(["/opt/a/x", "/opt/b/x"]);
});
