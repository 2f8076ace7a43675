import fc from "fast-check";
import {
    assignmentsOf,
    isInstallable,
    lastValueOf,
    listensOf,
    parseUnit,
    splitCommands,
    splitWords,
    valuesOf,
} from "../../provider/systemd/unit-file";
import { quoteWord, renderUnit, sectionProblems } from "../../provider/systemd/unit-sections";

describe("parseUnit", () => {
    test("joins continuation lines and skips comments between them (systemd.syntax(7), example 1)", () => {
        const unit = parseUnit(
            "[Section A]\nKeyOne=value 1\n\n# a comment\n\n[Section C]\nKeyThree=value 3\\\n# ignored\n; ignored too\n       value 3 continued\n",
        );
        expect(unit.sections).toEqual(["Section A", "Section C"]);
        expect(unit.assignments).toEqual([
            { section: "Section A", key: "KeyOne", value: "value 1", line: 2 },
            { section: "Section C", key: "KeyThree", value: "value 3 value 3 continued", line: 7 },
        ]);
        expect(unit.problems).toEqual([]);
    });

    test("an escaped backslash at the end of a line doesn't continue it", () => {
        expect(valuesOf(parseUnit("[A]\nK=a\\\\\nL=b\n"), "A", "L")).toEqual(["b"]);
    });

    test("reads CRLF, a byte order mark, spaces around = and a last line without a line break", () => {
        expect(parseUnit("\uFEFF[A]\r\n  K = v \r\nL=w").assignments).toEqual([
            { section: "A", key: "K", value: "v", line: 2 },
            { section: "A", key: "L", value: "w", line: 3 },
        ]);
    });

    test("reports lines that systemd would ignore", () => {
        expect(parseUnit("K=v\n[A\n[B]\nnonsense\n=x\n").problems).toEqual([
            { line: 1, what: "'K=v' stands before the first section" },
            { line: 2, what: "section header '[A' has no closing ]" },
            { line: 4, what: "'nonsense' is not an assignment KEY=VALUE" },
            { line: 5, what: "'=x' is not an assignment KEY=VALUE" },
        ]);
    });

    test("an empty assignment resets what came before", () => {
        const unit = parseUnit("[S]\nK=1\nK=\nK=2\nK=3\n[S]\nK=4\n");
        expect(valuesOf(unit, "S", "K")).toEqual(["2", "3", "4"]);
        expect(lastValueOf(unit, "S", "K")).toBe("4");
        expect(assignmentsOf(unit, "S", "K")[0]?.line).toBe(4);
        expect(valuesOf(parseUnit("[S]\nK=1\nK=\n"), "S", "K")).toEqual([]);
    });

    test("reads the [Install] settings and the addresses of a socket", () => {
        expect(isInstallable(parseUnit("[Install]\nWantedBy=multi-user.target\n"))).toBe(true);
        expect(isInstallable(parseUnit("[Install]\nWantedBy=x\nWantedBy=\n"))).toBe(false);
        expect(isInstallable(parseUnit("[Service]\nExecStart=/bin/x\n"))).toBe(false);
        expect(
            listensOf(parseUnit("[Socket]\nListenStream=1\nListenStream=\nListenStream=80\nListenDatagram=53\n")),
        ).toEqual([
            { key: "ListenStream", value: "80" },
            { key: "ListenDatagram", value: "53" },
        ]);
    });
});

describe("splitWords", () => {
    test.each<[string, string[] | undefined]>([
        ["", []],
        ["a  \"b c\"\t'd e'", ["a", "b c", "d e"]],
        ['"" x', ["", "x"]],
        ["a\\x20b \\x41\\101\\u00e9\\U0001F600", ["a b", "AA\u00e9\u{1F600}"]],
        ["\\xc3\\xa9", ["\u00e9"]],
        ["\\s\\t\\n\\\\ \\q", [" \t\n\\", "\\q"]],
        ["%i %%", ["%i", "%%"]],
        ['a"b c"d', ["ab cd"]],
        ['"open', undefined],
    ])("%s", (value, words) => {
        expect(splitWords(value)).toEqual(words);
    });

    test("splits quoted words into the original list", () => {
        fc.assert(
            fc.property(fc.array(fc.string({ unit: "grapheme" }).map((word) => word.replaceAll("\0", ""))), (words) => {
                expect(splitWords(words.map(quoteWord).join(" "))).toEqual(words);
            }),
        );
    });

    test("terminates for any text", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary" }), (text) => {
                const unit = parseUnit(`[S]\nK=${text}`);
                expect(unit.sections[0]).toBe("S");
                splitWords(text);
                splitCommands(text);
            }),
        );
    });
});

test("splitCommands handles prefixes, several commands and escaped semicolons (systemd.service(5))", () => {
    expect(splitCommands('-@/bin/echo argv0 / & \\; ls ; !!/bin/b "c d"')).toEqual([
        { prefix: "-@", program: "/bin/echo", args: ["argv0", "/", "&", ";", "ls"] },
        { prefix: "!!", program: "/bin/b", args: ["c d"] },
    ]);
    expect(splitCommands("")).toEqual([]);
    expect(splitCommands("/bin/a 'x")).toBeUndefined();
});

describe("renderUnit", () => {
    test("writes the sections in the order given", () => {
        expect(
            renderUnit({
                Unit: { Description: "Hello %i" },
                Service: {
                    Environment: { NAME: "User", RATE: "50%", TEXT: 'a "b"\n\\' },
                    ExecStartPre: ["/bin/a", "/bin/b"],
                    BindPaths: [],
                    DynamicUser: true,
                    PrivateTmp: false,
                    LimitNOFILE: 1024,
                },
            }),
        ).toBe(
            [
                "[Unit]",
                "Description=Hello %i",
                "",
                "[Service]",
                'Environment="NAME=User"',
                'Environment="RATE=50%%"',
                'Environment="TEXT=a \\"b\\"\\n\\\\"',
                "ExecStartPre=/bin/a",
                "ExecStartPre=/bin/b",
                "BindPaths=",
                "DynamicUser=yes",
                "PrivateTmp=no",
                "LimitNOFILE=1024",
                "",
            ].join("\n"),
        );
    });

    test("reports everything that can't be written", () => {
        const sections = {
            "a]": { Key: "x" },
            Service: {
                "K=": "v",
                ExecStart: "a\nExecStart=b",
                Wants: ["ok", "end\\"],
                Environment: { "1A": "x", B: "\0" },
                Other: { A: "b" },
            },
        };
        expect(sectionProblems(sections).map(({ path }) => path.join("."))).toEqual([
            "a]",
            "Service.K=",
            "Service.ExecStart",
            "Service.Wants.1",
            "Service.Environment.1A",
            "Service.Environment.B",
            "Service.Other",
        ]);
        expect(() => renderUnit(sections)).toThrow("a]: 'a]' can't be the name of a section.");
    });

    const name = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,8}$/);
    test("every unit that is rendered is parsed into the same sections", () => {
        const value = fc.oneof(
            fc.string({ unit: "grapheme" }).filter((text) => text === text.trim() && text !== ""),
            fc.integer(),
            fc.boolean(),
        );
        const writable = fc
            .dictionary(name, fc.dictionary(name, fc.oneof(value, fc.array(value))), { maxKeys: 4 })
            .filter((sections) => sectionProblems(sections).length === 0);
        fc.assert(
            fc.property(writable, (sections) => {
                const unit = parseUnit(renderUnit(sections));
                expect(unit.problems).toEqual([]);
                expect(unit.sections).toEqual(Object.keys(sections));
                for (const [section, keys] of Object.entries(sections)) {
                    for (const [key, values] of Object.entries(keys)) {
                        const texts = [values]
                            .flat()
                            .map((item) => (typeof item === "boolean" ? (item ? "yes" : "no") : String(item)));
                        expect(valuesOf(unit, section, key)).toEqual(texts);
                    }
                }
            }),
        );
    });

    test("every environment variable is parsed with the same value", () => {
        const variables = fc.dictionary(
            name,
            fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
        );
        fc.assert(
            fc.property(variables, (environment) => {
                const unit = parseUnit(renderUnit({ Service: { Environment: environment } }));
                const words = valuesOf(unit, "Service", "Environment").flatMap((value) => splitWords(value));
                expect(words.map((word) => word?.replaceAll("%%", "%"))).toEqual(
                    Object.entries(environment).map(([key, value]) => `${key}=${value}`),
                );
            }),
        );
    });
});
