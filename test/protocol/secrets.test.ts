import { Redactor, SecretPaths } from "../../provider/protocol/secrets";
import { Throttle } from "../../provider/protocol/throttle";

test("a secret path covers the paths below it and touches the paths above it", () => {
    const paths = new SecretPaths([
        ["a", "b"],
        ["list", 1],
    ]);
    expect(paths.covers(["a", "b", "c"])).toBe(true);
    expect(paths.covers(["a"])).toBe(false);
    expect(paths.touches(["a"])).toBe(true);
    expect(paths.touches(["list", 0])).toBe(false);
    expect(paths.touches([])).toBe(true);
});

test("every form of a secret is removed from texts, the longest first, and nothing else", () => {
    const redactor = new Redactor();
    redactor.learn(
        {
            open: "open sesame",
            key: "BEGIN KEY\nabcdefghijkl\n[Unit]",
            short: "abc",
            long: "pass",
            longer: 'pass"word',
        },
        [["key"], ["short"], ["long"], ["longer"]],
    );
    expect(redactor.redact("open sesame: abcdefghijkl and abc in [Unit]")).toBe(
        "open sesame: [secret] and abc in [Unit]",
    );
    expect(redactor.redact('{"x":"pass\\"word"} pass"word')).toBe('{"x":"[secret]"} [secret]');
});

test("numbers, and encoded or shell-quoted forms of a secret, are removed, too", () => {
    const redactor = new Redactor();
    const password = "s3cr3t & pass/word's";
    redactor.learn({ password, pin: 48151623 }, [["password"], ["pin"]]);
    const basic = Buffer.from(`user:${password}!`).toString("base64");
    for (const text of [
        Buffer.from(password).toString("base64"),
        Buffer.from(password).toString("base64url"),
        Buffer.from(password).toString("hex"),
        encodeURIComponent(password),
        new URLSearchParams({ password }).toString().slice("password=".length),
        password.replaceAll("'", "'\\''"),
        "48151623",
    ])
        expect([text, redactor.redact(`<${text}>`)]).toEqual([text, "<[secret]>"]);
    expect(redactor.redact(`Authorization: Basic ${basic}`)).toMatch(/^Authorization: Basic \S{1,8}\[secret\]\S{1,4}$/);
    expect(redactor.redact("nothing of it 4815 s3cr")).toBe("nothing of it 4815 s3cr");
});

test("each value in a secret file of settings is a secret by itself if it is long enough", () => {
    const redactor = new Redactor();
    redactor.learn({ file: 'TOKEN=tok-123456789\nkey: "quoted value"\nDEBUG=false\n' }, [["file"]]);
    expect(redactor.redact("no tok-123456789, no quoted value; debug is false")).toBe(
        "no [secret], no [secret]; debug is false",
    );
});

test("a throttle passes the first text at once, then the latest text of each period", () => {
    jest.useFakeTimers();
    try {
        const passed: string[] = [];
        const throttle = new Throttle((text) => passed.push(text), 200);
        for (let step = 0; step < 10; step++) {
            throttle.send(`step ${step}`);
            jest.advanceTimersByTime(60);
        }
        jest.advanceTimersByTime(200);
        expect(passed).toEqual(["step 0", "step 3", "step 6", "step 9"]);
        throttle.send("step 9");
        throttle.send("last");
        throttle.stop();
        jest.advanceTimersByTime(1000);
        expect(passed).toEqual(["step 0", "step 3", "step 6", "step 9", "last"]);
    } finally {
        jest.useRealTimers();
    }
});

describe("a secret is found in a text that", () => {
    const secret = `p@ss w0rd$"'\\x/é+=%1234567890abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
    const bytes = Buffer.from(secret);
    const special = (escaped: (character: string) => string) => secret.replace(/[^A-Za-z0-9]/gu, escaped);
    const inHex = (character: string, mark: string) =>
        [...Buffer.from(character)].map((byte) => mark + byte.toString(16).padStart(2, "0")).join("");

    test.each([
        ["is JSON within JSON", JSON.stringify(JSON.stringify(secret))],
        ["has JSON of ASCII alone", JSON.stringify(secret).replace(/é/g, "\\u00e9")],
        ["has backslashes before all special characters", special((character) => `\\${character}`)],
        ["has the escapes of a shell's double quotes", secret.replace(/["$\\`]/g, "\\$&")],
        ["has the escapes of systemd-escape", special((character) => inHex(character, "\\x"))],
        [
            "has octal escapes",
            special((c) => [...Buffer.from(c)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")),
        ],
        ["is a URL that leaves some characters alone", encodeURI(secret)],
        ["has a unit's doubled percent signs", secret.replaceAll("%", "%%")],
        ["is XML", secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)],
        ["has lines of base64", bytes.toString("base64").replace(/.{20}/g, "$&\n")],
        ["has lines of base64 in JSON", bytes.toString("base64").replace(/.{76}/g, "$&\\n")],
        ["has pairs of hex", bytes.toString("hex").replace(/../g, "$&:")],
        ["has a dump in hex", bytes.toString("hex").toUpperCase().replace(/../g, "0x$&, ")],
    ])("%s", (_, text) => {
        const redactor = new Redactor();
        redactor.learnAll(secret);
        const redacted = redactor.redact(`before ${text} after`);
        expect(redacted).toMatch(/^before (0x|"?\\?"?)\[secret\].{0,8} after$/s);
    });

    test("a text that is full of its special characters is searched to its end", () => {
        const redactor = new Redactor();
        for (const character of ["-", "\\", '"', "-\\"]) redactor.learnAll(`${character.repeat(60)}end`);
        const text = `${"-\\".repeat(5000)} ${"-".repeat(10_000)} ${"\\".repeat(10_000)} ${'"'.repeat(10_000)}end-`;
        // A pattern with choices would be searched for longer than anyone waits.
        expect(redactor.redact(text).slice(-10)).toBe('"[secret]-');
    });
});
