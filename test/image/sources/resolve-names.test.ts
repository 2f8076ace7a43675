import { resolveSource } from "../../../provider/image/image";
import { loadFiles } from "../../../provider/image/sources/files/tree";
import { Problems } from "../../../provider/image/sources/problems";
import { UNKNOWN } from "../../../provider/schema/values";
import { placed, sentence } from "../sentences";
import { hello } from "../workspace";
import { whole } from "./hello-files";

test.each([
    [
        "my_app",
        "1",
        "Image name 'my_app' can't hold an underscore: portablectl takes what stands before the first one as the prefix of the units. Use a dash.",
    ],
    [
        "-a",
        "1",
        "Image name '-a' can't be the prefix of units: use letters, digits, dashes and dots, and start with a letter or digit.",
    ],
    ["a/b", "1", expect.stringContaining("can't be the prefix of units")],
    ["", "1", expect.stringContaining("can't be the prefix of units")],
    ["hello", "", expect.stringContaining("Version '' can't be part of a file name")],
    ["hello", "1 2", expect.stringContaining("Version '1 2' can't be part of a file name")],
    [
        "hello",
        "1".repeat(250),
        "Name and version have 255 characters together, and only 200 fit in a file name. Shorten them.",
    ],
])("name '%s' and version '%s'", async (name, version, expected) => {
    const { failures } = await resolveSource(UNKNOWN, { name, version, programDirectory: "/" });
    expect(failures.map(sentence)).toEqual([expected]);
});

test.each([
    "hello.service",
    "hello-worker.service",
    "hello@.service",
    "hello@a.socket",
    "hello.extra.timer",
    "hello.path",
])("%s belongs to hello", async (name) => {
    const { problems, ...args } = { ...hello(), problems: new Problems() };
    await loadFiles({ units: [{ name, text: "" }] }, [], { prefix: "hello", ...args }, problems);
    expect(problems.failures).toEqual([]);
});

test("exactly one source", async () => {
    for (const source of [{}, { files: whole, raw: { path: "x" } }]) {
        const { failures } = await resolveSource(source, hello());
        expect(placed(failures)).toEqual([
            expect.stringMatching(/^source: An image has exactly one source: `files`, .* or `raw`\.$/),
        ]);
    }
});
