import { z } from "zod";
import { failureText } from "../../provider/errors";
import { validate } from "../../provider/protocol/validate";
import { asset, objectType } from "../../provider/schema/marks";
import { Asset, UNKNOWN } from "../../provider/schema/values";

const schema = z
    .strictObject({
        mode: z.enum(["fast", "slow"]).optional(),
        unit: z
            .string()
            .regex(/\.service$/, "it names no service; end it in .service")
            .optional(),
        list: z.array(z.string()).min(1).optional(),
        any: z.unknown().optional(),
        content: z.union([z.string(), asset()]).optional(),
        source: z
            .union([
                objectType("A", "a", { files: z.strictObject({ units: z.array(z.string()) }) }),
                objectType("B", "b", { raw: z.string(), sha256: z.string().optional() }),
            ])
            .optional(),
        kind: z
            .discriminatedUnion("type", [
                z.strictObject({ type: z.literal("x"), x: z.string() }),
                z.strictObject({ type: z.literal("y"), y: z.string() }),
            ])
            .optional(),
        map: z.record(z.string().regex(/^\//, "it is no absolute path; begin it with /"), z.number()).optional(),
        min: z.number().optional(),
        max: z.number().optional(),
    })
    .superRefine(({ min, max, any }, context) => {
        if (min !== undefined && max !== undefined && min > max) {
            context.addIssue({ code: "custom", path: ["min"], message: "it is above max; lower it" });
        }
        if (any instanceof Object) context.addIssue({ code: "custom", path: [], message: "any is an object" });
    });

const failures = (value: unknown) => validate(schema, value).map(failureText);

test.each<[string, unknown, string[]]>([
    ["nothing", {}, []],
    ["an enum", { mode: "fats" }, ['Property mode: got another value; give "fast" or "slow".']],
    ["a message of the schema", { unit: "x" }, ["Property unit: it names no service; end it in .service."]],
    ["an empty list", { list: [] }, ["Property list: it is empty; give at least one element."]],
    ["null in a list", { list: [null] }, ["Property list[0]: got null; give a string."]],
    [
        "a union by type",
        { content: 3 },
        [
            "Property content: got a number; give a string or an asset (pulumi.asset.FileAsset, StringAsset or RemoteAsset).",
        ],
    ],
    ["an asset", { content: new Asset({ text: "x" }) }, []],
    [
        "a NUL byte in a text",
        { list: ["a", "b\0"] },
        ["Property list[1]: has a NUL byte in it, which only the content of a file can have."],
    ],
    ["a NUL byte in a name", { map: { "/a\0": 1 } }, ['Property map["/a\0"]: has a NUL byte in its name.']],
    ["a NUL byte in a content", { content: "a\0" }, []],
    [
        "a union by the closest option",
        { source: { files: { unitz: ["a"], units: [1] } } },
        [
            "Property source.files.units[0]: got a number; give a string.",
            "Property source.files.unitz: there is no such property; did you mean units?",
        ],
    ],
    [
        "a typing error in an option",
        { source: { raw: "x", sha265: "y" } },
        ["Property source.sha265: there is no such property; did you mean sha256?"],
    ],
    ["no option at all", { source: "x" }, ["Property source: got a string; give an object."]],
    ["a discriminator", { kind: { type: "z" } }, ['Property kind.type: got a string; give "x" or "y".']],
    ["a key", { map: { "a b": 1 } }, ['Property map["a b"]: it is no absolute path; begin it with /.']],
    ["a refinement", { min: 2, max: 1 }, ["Property min: it is above max; lower it."]],
    [
        "a name that is similar to none",
        { zzzzzzzz: 1 },
        [
            "Property zzzzzzzz: there is no such property; known here are mode, unit, list, any, content, source, kind, map, min, max.",
        ],
    ],
])("%s", (_, value, expected) => expect(failures(value)).toEqual(expected));

test.each<[string, unknown, string[]]>([
    ["a value", { mode: UNKNOWN, list: [UNKNOWN, "a"], content: UNKNOWN, source: UNKNOWN, map: { "/a": UNKNOWN } }, []],
    ["a part of an option", { source: { files: { units: UNKNOWN } } }, []],
    ["a part of another option", { source: { raw: UNKNOWN } }, []],
    ["a discriminator", { kind: { type: UNKNOWN, x: "x" } }, []],
    ["an input of a refinement", { min: 2, max: UNKNOWN }, []],
    ["an input of a refinement of any type", { any: UNKNOWN }, []],
    [
        "a value beside a mistake",
        { min: UNKNOWN, mode: 1 },
        ['Property mode: got another value; give "fast" or "slow".'],
    ],
    [
        "a value beside an unknown property",
        { source: { raw: UNKNOWN, rwa: 1 } },
        ["Property source.rwa: there is no such property; did you mean raw?"],
    ],
    ["an unknown property's value", { mod: UNKNOWN }, ["Property mod: there is no such property; did you mean mode?"]],
])("unknown: %s", (_, value, expected) => expect(failures(value)).toEqual(expected));
