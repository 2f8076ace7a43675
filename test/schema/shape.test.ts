import { z } from "zod";
import { objectType } from "../../provider/schema/marks";
import { isMarked, markedPaths, shapeOf, withDefaults } from "../../provider/schema/shape";
import { UNKNOWN } from "../../provider/schema/values";

const login = objectType("Login", "A login.", {
    user: z.string().default("root"),
    key: z.string().optional().meta({ secret: true }),
    port: z.number().optional().meta({ replaces: true }),
}).superRefine(() => {});
const schema = z.strictObject({
    login: login.optional().describe("The login."),
    logins: z.record(z.string(), z.array(login)).optional(),
    either: z.union([z.strictObject({ login }), z.strictObject({ key: z.string().meta({ secret: true }) })]).optional(),
    size: z.number().default(1),
});

test("a name outlives a refinement, and the outer description wins", () => {
    expect(shapeOf(schema.shape.login)).toMatchObject({ id: "Login", description: "The login.", optional: true });
});

test("marks are found through lists, maps and unions", () => {
    expect(isMarked(schema, ["logins", "a", 0, "key"], "secret")).toBe(true);
    expect(isMarked(schema, ["logins", "a", 0, "user"], "secret")).toBe(false);
    expect(isMarked(schema, ["either", "login", "port"], "replaces")).toBe(true);
    const value = { login: { key: "1", user: "u" }, logins: { a: [{}, { key: "2" }] }, either: { key: "3" } };
    expect(markedPaths(schema, value, "secret")).toEqual([
        ["login", "key"],
        ["logins", "a", 1, "key"],
        ["either", "key"],
    ]);
});

test("defaults are filled in at every depth, also beside what is unknown", () => {
    expect(
        withDefaults(schema, { login: {}, logins: { a: [{ user: UNKNOWN }], b: UNKNOWN }, either: { login: {} } }),
    ).toEqual({
        login: { user: "root" },
        logins: { a: [{ user: UNKNOWN }], b: UNKNOWN },
        either: { login: { user: "root" } },
        size: 1,
    });
});
