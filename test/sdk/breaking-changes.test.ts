import { readFileSync } from "node:fs";
import { join } from "node:path";
import { breakingChanges } from "./breaking-changes";

// biome-ignore lint/suspicious/noExplicitAny: tests change any part of a schema
type Schema = any;

/** The schema of the last release; `make release` writes it. */
const released = join(__dirname, "released-schema.json");
const read = (file: string): Schema => JSON.parse(readFileSync(file, "utf8"));

test("a program that was written for the last release works with this schema", () => {
    const now = read(join(__dirname, "../../provider/schema.json"));
    const before = read(released);
    const isMajor = now.version.split(".")[0] !== before.version.split(".")[0];
    expect(isMajor ? [] : breakingChanges(before, now)).toEqual([]);
});

describe("a change that breaks programs is found", () => {
    const token = (name: string) => `portable:index:${name}`;
    const service = token("AttachedService");
    test.each<[string, (schema: Schema) => void, string[]]>([
        ["nothing", () => {}, []],
        [
            "an optional input, an output, a type and a value of an enum more",
            (schema) => {
                schema.resources[service].inputProperties.more = { type: "string" };
                schema.resources[service].properties.more = { type: "string" };
                schema.resources[service].required.push("more");
                schema.types[token("More")] = { type: "object", properties: {} };
                schema.types[token("Rollback")].enum.push({ value: "never" });
            },
            [],
        ],
        [
            "a resource that is gone",
            (schema) => delete schema.resources[token("DropIn")],
            [`the resource ${token("DropIn")} is gone`],
        ],
        [
            "a function that is gone",
            (schema) => delete schema.functions[token("getHost")],
            [`the function ${token("getHost")} is gone`],
        ],
        [
            "an input that is gone",
            (schema) => delete schema.resources[service].inputProperties.force,
            [`${service} input force is gone`],
        ],
        [
            "an output that is gone",
            (schema) => delete schema.resources[service].properties.serving,
            [`${service} output serving is gone`],
        ],
        [
            "an output that may be missing",
            (schema) => {
                schema.resources[service].required = [];
            },
            expect.arrayContaining([`${service} output serving has become optional as an output`]),
        ],
        [
            "an input that must be given",
            (schema) => schema.resources[service].requiredInputs.push("profile"),
            [`${service} input profile has become required as an input`],
        ],
        [
            "another type",
            (schema) => {
                schema.types[token("Waves")].properties.canary = { type: "array", items: { type: "string" } };
            },
            expect.arrayContaining([
                `${token("Waves")} canary was {"type":"integer"}, and is {"type":"array","items":"{\\"type\\":\\"string\\"}"}`,
            ]),
        ],
        [
            "a value of an enum that is gone",
            (schema) => schema.types[token("CopyMode")].enum.pop(),
            [`${token("CopyMode")} no longer has the value mixed`],
        ],
        [
            "a variable of the configuration that is gone",
            (schema) => delete schema.config.variables.connection,
            ["configuration connection is gone"],
        ],
    ])("%s", (_, change, expected) => {
        const before = read(join(__dirname, "../../provider/schema.json"));
        const now = structuredClone(before);
        change(now);
        expect(breakingChanges(before, now)).toEqual(expected);
    });
});
