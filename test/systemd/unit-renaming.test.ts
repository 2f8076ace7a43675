import { ownNames, renamedText, renamedUnit } from "../../provider/systemd/unit-renaming";

const prefixes = { from: "hello", to: "hello-staging" };
const units = ["hello.service", "hello.socket", "hello-web@.socket", "hello-web@.service", "hello-job.timer"];

function renamed(text: string, names = units): string {
    return renamedText(
        text,
        ownNames([...names.map((name) => [name, undefined] as const), ["hello-own.service", text]]),
        prefixes,
    );
}

test.each([
    ["hello.service", "hello-staging.service"],
    ["hello-web@.socket", "hello-staging-web@.socket"],
    ["hello@.service", "hello-staging@.service"],
    ["hello.extra.service", "hello-staging.extra.service"],
])("%s becomes %s", (name, expected) => {
    expect(renamedUnit(name, prefixes)).toBe(expected);
});

describe("names of the image's units are renamed in every setting that lists units", () => {
    test.each(
        [
            [
                "Unit",
                "Before After Requires Requisite Wants BindsTo BindTo PartOf Upholds Conflicts OnFailure OnSuccess",
            ],
            ["Unit", "JoinsNamespaceOf PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom"],
            ["Unit", "PropagatesStopTo StopPropagatedFrom"],
            ["Service", "Sockets"],
            ["Socket", "Service"],
            ["Timer", "Unit"],
            ["Install", "Also WantedBy RequiredBy UpheldBy"],
        ].flatMap(([section, keys = ""]) => keys.split(" ").map((key) => [section, key])),
    )("[%s] %s=", (section, key) => {
        expect(renamed(`[${section}]\n${key}=network.target hello.socket  other.service\n`)).toBe(
            `[${section}]\n${key}=network.target hello-staging.socket  other.service\n`,
        );
    });
});

test.each([
    // Units of the host stay.
    ["After=hello-db.service hellos.service nothello.service", undefined],
    ["After=hello.slice", undefined],
    // Instances of a template, also with specifiers.
    [
        "Wants=hello-web@8080.socket hello-web@a.b.socket",
        "Wants=hello-staging-web@8080.socket hello-staging-web@a.b.socket",
    ],
    ["Requires=hello-web@%i.socket", "Requires=hello-staging-web@%i.socket"],
    ["Wants=hello-%i.timer hello-%i.path", "Wants=hello-staging-%i.timer hello-%i.path"],
    ["Sockets=%p.socket", undefined],
    // An alias with the prefix is renamed.
    ["Alias=hello-http.service www.service", "Alias=hello-staging-http.service www.service"],
    [
        "Alias=hello-http.service\nAfter=hello-http.service",
        "Alias=hello-staging-http.service\nAfter=hello-staging-http.service",
    ],
    // Quotes, spaces, several lines, comments, line ends.
    [`After="hello.service" 'hello.socket'`, `After="hello-staging.service" 'hello-staging.socket'`],
    ["  After =  hello.service ", "  After =  hello-staging.service "],
    ["After=\n", undefined],
    [
        "After=hello.service \\\n# hello.service\n  hello.socket\\\n  hello-job.timer\nBefore=hello.service",
        "After=hello-staging.service \\\n# hello.service\n  hello-staging.socket\\\n  hello-staging-job.timer\nBefore=hello-staging.service",
    ],
    ["After=hello.service\r\nBefore=hello.socket\r", "After=hello-staging.service\r\nBefore=hello-staging.socket\r"],
    ["Description=x \\\nAfter=hello.service", undefined],
    // Commands and descriptions stay.
    ["ExecStart=/usr/bin/hello hello.service", undefined],
    ["Description=After hello.service", undefined],
    ["# After=hello.service\n; After=hello.service", undefined],
    ["Environment=UNIT=hello.service", undefined],
    // Directories: the first component of path and link.
    ["StateDirectory=hello", "StateDirectory=hello-staging"],
    ["RuntimeDirectory=hello/a hello-b other hellos", "RuntimeDirectory=hello-staging/a hello-staging-b other hellos"],
    ["CacheDirectory=other/hello", undefined],
    ["LogsDirectory=hello:hello-link:ro x:hello", "LogsDirectory=hello-staging:hello-staging-link:ro x:hello-staging"],
    ["ConfigurationDirectory=%N hello", "ConfigurationDirectory=%N hello-staging"],
    ["StateDirectoryMode=0700", undefined],
    [
        "User=hello\nSupplementaryGroups=www-data hello hello-tls",
        "User=hello-staging\nSupplementaryGroups=www-data hello-staging hello-tls",
    ],
    [
        "Group=hello-web\nSocketUser=hello-own\nSocketGroup=hello-web",
        "Group=hello-staging-web\nSocketUser=hello-staging-own\nSocketGroup=hello-staging-web",
    ],
    ["LogNamespace=hello", "LogNamespace=hello-staging"],
    ["Slice=hello.slice\nAfter=hello.slice", "Slice=hello-staging.slice\nAfter=hello-staging.slice"],
    ["Slice=hello-web.slice", "Slice=hello-staging-web.slice"],
    ["Slice=system-hello.slice", undefined],
    // Users.
    ["User=hello\nGroup=hello-data", "User=hello-staging\nGroup=hello-staging-data"],
    ["User=www-data\nSupplementaryGroups=hello", undefined],
])("%j becomes %j", (text, expected) => {
    expect(renamed(`[Any]\n${text}`)).toBe(`[Any]\n${expected ?? text}`);
});
