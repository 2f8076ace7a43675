import type { StepMetadata } from "../../events";
import { makeSecret, type Properties } from "../values";
import { changeLines, outputLines } from "./change-text";

function step(olds: Properties, news: Properties, detailedDiff: StepMetadata["detailedDiff"], oldOutputs = olds) {
    const side = { urn: "", type: "", id: "", parent: "" };
    const old = { ...side, inputs: olds, outputs: oldOutputs };
    return { op: "update" as const, urn: "", type: "", old, new: { ...side, inputs: news, outputs: {} }, detailedDiff };
}
const input = { diffKind: "update" as const, inputDiff: true };

test("nested paths are printed as a tree, with keys that aren't words in quotes", () => {
    const olds = { files: { "/etc/a.b": { mode: "0644" } }, list: [1, 2], same: true };
    const news = { files: { "/etc/a.b": { mode: "0600" } }, list: [1, 3], same: true };
    const lines = changeLines(step(olds, news, { 'files["/etc/a.b"].mode': input, "list[1]": input }));
    expect(lines).toEqual([
        "~ files: {",
        '    ~ "/etc/a.b": {',
        '        ~ mode: "0644" => "0600"',
        "      }",
        "  }",
        "~ list : [",
        "    ~ [1]: 2 => 3",
        "  ]",
    ]);
});

test("of texts with several lines, only the lines that differ are printed", () => {
    const text = (word: string) => ["a", "b", "c", "d", word, "f", ""].join("\n");
    expect(changeLines(step({ text: text("old") }, { text: text("new") }, { text: input }))).toEqual([
        "~ text:",
        "      ...",
        "      b",
        "      c",
        "      d",
        "    - old",
        "    + new",
        "      f",
    ]);
});

test("of an object that differs as a whole, only the parts that differ are printed", () => {
    const lines = changeLines(step({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1, z: 1 } }, { a: input }));
    expect(lines).toEqual(["~ a: {", "    ~ x: 1 => 2", "    + z: 1", "  }"]);
});

test("drift is printed as the found value and the declared one", () => {
    const inputs = { state: "active" };
    const lines = changeLines(
        step(inputs, inputs, { state: { diffKind: "update", inputDiff: false } }, { state: "failed" }),
    );
    expect(lines).toEqual(['~ state: "failed" => "active"']);
});

test("no part of a secret is printed, even if a path leads into it", () => {
    const secret = (value: string) => ({ key: makeSecret({ deep: value }) });
    const lines = changeLines(step(secret("hidden 1"), secret("hidden 2"), { "key.deep": input, key: input }));
    expect(lines.join("\n")).toContain("[secret] => [secret]");
    expect(lines.join("\n")).not.toContain("hidden");
});

test("all outputs are printed, with a mark if they differ", () => {
    expect(outputLines({ a: 1, b: 1, gone: 1 }, { a: 1, b: 2, c: 3 })).toEqual([
        "  a   : 1",
        "~ b   : 1 => 2",
        "+ c   : 3",
        "- gone: 1",
    ]);
});
