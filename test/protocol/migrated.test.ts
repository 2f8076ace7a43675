import { migrated } from "../../provider/protocol/migrated";
import { SecretPaths } from "../../provider/protocol/secrets";
import { attachedService } from "../../provider/resources/attached-service/attached-service";
import { dropIn } from "../../provider/resources/drop-in/drop-in";

const old = (value: Record<string, unknown>, secrets: string[][] = []) => {
    const now = migrated(attachedService, { value, secrets: new SecretPaths(secrets) });
    return { ...now, secrets: [...now.secrets] };
};

test("renamed properties get their new names", () => {
    const states = { "hello.service": { load: "loaded", active: "active" } };
    expect(old({ runtime: true, units: states, image: "/i" }).value).toEqual({
        untilReboot: true,
        unitStates: states,
        image: "/i",
    });
});

test("the input `units` keeps its name", () => {
    const units = { "hello.service": { start: false } };
    expect(old({ units, unitStates: {} }).value).toEqual({ units, unitStates: {} });
});

test.each([
    ["", {}],
    [
        "yes: hello.service takes hello.socket over",
        { gapless: true, gaplessReason: "hello.service takes hello.socket over" },
    ],
    ["no: hello.service: two: colons", { gapless: false, gaplessReason: "hello.service: two: colons" }],
    [true, { gapless: true }],
])("gapless %p is %p", (gapless, expected) => {
    expect(old({ gapless }).value).toEqual(expected);
});

test("a secret under an old name is secret under the new one", () => {
    expect(old({ runtime: true, image: "/i" }, [["runtime"], ["files", "/a"]]).secrets).toEqual([
        ["files", "/a"],
        ["untilReboot"],
    ]);
});

test("a resource without renamed properties keeps its values", () => {
    const decoded = { value: { runtime: 1 }, secrets: new SecretPaths() };
    expect(migrated(dropIn, decoded)).toEqual(decoded);
});
