import { overriddenSettings } from "../../provider/systemd/overridden";

const settings = (text: string, later: string) =>
    overriddenSettings(text, [{ path: "/later.conf", text: later }]).map(({ setting }) => setting);

test.each([
    ["the same setting with another value", "[Service]\nNice=5\n", "[Service]\nNice=0\n", ["Nice="]],
    ["the same setting, reset", "[Service]\nMemoryMax=1G\n", "[Service]\nMemoryMax=\n", ["MemoryMax="]],
    ["the same value", "[Service]\nNice=5\n", "[Service]\nNice=5\n", []],
    ["the same name in another section", "[Unit]\nDescription=a\n", "[Service]\nDescription=b\n", []],
    ["another value of a list", "[Service]\nReadWritePaths=/a\n", "[Service]\nReadWritePaths=/b\n", []],
    [
        "a list that is reset",
        "[Service]\nExecStartPre=/bin/a\n",
        "[Service]\nExecStartPre=\nExecStartPre=/bin/b\n",
        ["ExecStartPre="],
    ],
    ["another condition", "[Unit]\nConditionPathExists=/a\n", "[Unit]\nConditionPathExists=/b\n", []],
    ["another variable", "[Service]\nEnvironment=A=1\n", "[Service]\nEnvironment=B=2\n", []],
    ["the same variable", '[Service]\nEnvironment="A=1 2" B=2\n', "[Service]\nEnvironment=A=3\n", ["Environment=A"]],
    ["[Install]", "[Install]\nWantedBy=a.target\n", "[Install]\nWantedBy=\n", []],
    ["names of others", "[Service]\nX-Color=red\n", "[Service]\nX-Color=blue\n", []],
    ["a timer's times", "[Timer]\nOnCalendar=daily\n", "[Timer]\nOnCalendar=hourly\n", []],
    ["a timer's accuracy", "[Timer]\nAccuracySec=1s\n", "[Timer]\nAccuracySec=1h\n", ["AccuracySec="]],
])("a file that is read later has %s", (_, text, later, expected) => {
    expect(settings(text, later)).toEqual(expected);
});

test("all variables are reset by an empty Environment=", () => {
    expect(settings("[Service]\nEnvironment=A=1 B=2\n", "[Service]\nEnvironment=\nEnvironment=B=2\n")).toEqual([
        "Environment=A",
    ]);
});

test("the last file that sets it is named", () => {
    const later = ["/a.conf", "/b.conf"].map((path) => ({ path, text: "[Service]\nNice=1\n" }));
    expect(overriddenSettings("[Service]\nNice=5\n", later)).toEqual([{ setting: "Nice=", path: "/b.conf" }]);
});
