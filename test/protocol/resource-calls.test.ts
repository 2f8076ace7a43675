import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING } from "../../provider/protocol/wire";
import { failureOf, freshClient, secret, URN } from "./client";
import { unknown } from "./widget";

const current = freshClient();

const callOf = (operation: string) => current.workshop.calls.find((call) => call.operation === operation)?.args;

describe("Check", () => {
    test("adds derived fields, and marks secrets by the schema, in nested objects, too", async () => {
        const { inputs, failures } = await current.client.check({
            name: "w",
            token: "t0ken",
            connection: { host: "a", password: "pass", proxy: { host: "b", privateKey: "key" } },
        });
        expect(failures).toEqual([]);
        expect(inputs).toEqual({
            name: "w",
            token: secret("t0ken"),
            connection: { host: "a", password: secret("pass"), proxy: { host: "b", privateKey: secret("key") } },
            digest: "with password",
            plate: secret("plate t0ken"),
        });
    });

    test("passes plain values with defaults to the resource, and keeps the program's secrets marked", async () => {
        const { inputs } = await current.client.check({
            name: secret("w"),
            token: secret("t"),
            tags: ["a", secret("b")],
        });
        expect(inputs).toMatchObject({ name: secret("w"), token: secret("t"), tags: ["a", secret("b")] });
        expect(inputs).not.toHaveProperty("size");
        expect(callOf("check")).toMatchObject({ inputs: { name: "w", token: "t", tags: ["a", "b"], size: 3 } });
    });

    test("accepts unknown values, and drops unknown derived fields of an import", async () => {
        const { inputs, failures } = await current.client.check({
            name: UNKNOWN_STRING,
            digest: "imported",
            tags: [UNKNOWN_STRING],
        });
        expect(failures).toEqual([]);
        expect(inputs).toEqual({ name: UNKNOWN_STRING, tags: [UNKNOWN_STRING], digest: "plain" });
        expect(callOf("check")).toMatchObject({ inputs: { name: unknown, tags: [unknown] } });
    });

    test("reads an output value as its value, or as unknown", async () => {
        const output = { [SIGNATURE_KEY]: SIGNATURE.output };
        const { inputs } = await current.client.check({ name: output, token: { ...output, value: "t", secret: true } });
        expect(inputs).toMatchObject({ name: UNKNOWN_STRING, token: secret("t") });
    });

    test("passes assets on unchanged", async () => {
        const content = { [SIGNATURE_KEY]: SIGNATURE.asset, hash: "h", path: "./f" };
        const { inputs, failures } = await current.client.check({ name: "w", files: { "/a": { content } } });
        expect(failures).toEqual([]);
        expect(inputs).toMatchObject({ files: { "/a": { content } } });
    });

    test("reports each problem in one sentence, without the value of a secret", async () => {
        const { failures } = await current.client.check({
            nam: "x",
            token: 123456,
            connection: { prot: 22, port: "22" },
        });
        expect(failures).toEqual([
            "Property name: it is required; give a string (Name of the widget).",
            "Property token: got a number; give a string.",
            "Property connection.port: got a string; give a whole number.",
            "Property connection.prot: there is no such property; did you mean port?",
            "Property nam: there is no such property; did you mean name?",
        ]);
        expect(current.workshop.calls).toEqual([]);
    });

    test("recognizes a resource in place of a value", async () => {
        const { failures } = await current.client.check({
            name: { [SIGNATURE_KEY]: SIGNATURE.resource, urn: URN, id: "w-1" },
        });
        expect(failures).toEqual([
            "Property name: got a whole resource, where one of its outputs belongs; give a string.",
        ]);
    });

    test("returns the failures that the resource itself finds", async () => {
        expect((await current.client.check({ name: "refused", tags: ["a"] })).failures).toEqual([
            "Property tags[0]: it is rude; say it kindly.",
        ]);
        expect((await current.client.check({ name: "missing file" })).failures).toEqual([
            "Property files: no such file. Make it.",
        ]);
    });
});

describe("Diff", () => {
    test("names nested paths, and ignores changes of secretness and of an asset's path", async () => {
        const oldInputs = {
            name: "w",
            token: "t",
            tags: ["a", "b"],
            files: { "/a": { content: { [SIGNATURE_KEY]: SIGNATURE.asset, hash: "h", path: "old" } } },
            connection: { host: "a", port: 22 },
        };
        const content = { [SIGNATURE_KEY]: SIGNATURE.asset, hash: "h" };
        const same = { ...oldInputs, token: secret("t"), files: { "/a": { content } } };
        expect(await current.client.diff({ oldInputs, news: same })).toMatchObject({
            changes: false,
            diffs: [],
            detailed: {},
        });

        const news = {
            ...same,
            tags: ["a", "c", "d"],
            files: { "/a": { content: { ...content, hash: "i" } } },
            connection: { host: UNKNOWN_STRING },
        };
        expect(await current.client.diff({ oldInputs, news })).toEqual({
            changes: true,
            diffs: ["connection", "files", "tags"],
            replaces: ["connection"],
            deleteBeforeReplace: false,
            detailed: {
                "tags[1]": "UPDATE",
                "tags[2]": "ADD",
                'files["/a"].content': "UPDATE",
                "connection.host": "UPDATE_REPLACE",
                "connection.port": "DELETE",
            },
        });
    });

    test("replaces as the schema or the resource's hook says, and shows drift as a change of an output", async () => {
        expect(await current.client.diff({ oldInputs: { name: "w" }, news: { name: "w", place: "p" } })).toMatchObject({
            replaces: ["place"],
            detailed: { place: "ADD_REPLACE" },
        });
        expect(await current.client.diff({ oldInputs: { name: "w" }, news: { name: "another" } })).toMatchObject({
            replaces: ["name"],
            deleteBeforeReplace: true,
            detailed: { name: "UPDATE_REPLACE" },
        });
        const drifted = { oldInputs: { name: "w" }, news: { name: "w" }, olds: { name: "w", serial: "scratched" } };
        expect(await current.client.diff(drifted)).toMatchObject({
            changes: true,
            diffs: ["serial"],
            replaces: [],
            detailed: { serial: "UPDATE of output" },
        });
    });

    test("leaves out a derived field if all its sources are ignored", async () => {
        const changed = { oldInputs: { name: "w", digest: "1" }, news: { name: "w", digest: "2" } };
        expect(await current.client.diff(changed)).toMatchObject({ detailed: { digest: "UPDATE" } });
        expect(await current.client.diff({ ...changed, ignore: ["files"] })).toMatchObject({ changes: false });
        expect(await current.client.diff({ ...changed, ignore: ["digest"] })).toMatchObject({ changes: false });
        expect(await current.client.diff({ ...changed, ignore: ["token"] })).toMatchObject({ changes: true });
    });
});

describe("Create and Update", () => {
    test("a preview returns known outputs, leaves others unknown, and creates nothing", async () => {
        const { id, properties } = await current.client.create(
            { name: "w", token: UNKNOWN_STRING, digest: "d" },
            { preview: true },
        );
        expect(id).toBe("");
        expect(properties).toEqual({ name: "w", token: secret(UNKNOWN_STRING), size: 3, serial: UNKNOWN_STRING });
        expect(callOf("preview")).toEqual({ inputs: { name: "w", token: unknown, size: 3 }, derived: { digest: "d" } });
        expect(callOf("create")).toBeUndefined();
    });

    test("the state has inputs and outputs without derived fields, and secrets stay marked", async () => {
        const { id, properties } = await current.client.create({ name: secret("w"), token: "t0ken", digest: "d" });
        expect(id).toBe("w-w");
        expect(properties).toEqual({
            name: secret("w"),
            token: secret("t0ken"),
            serial: "1",
            size: 3,
            badge: secret("badge t0ken"),
        });
        expect(callOf("create")).toEqual({ inputs: { name: "w", token: "t0ken", size: 3 }, derived: { digest: "d" } });
    });

    test("inputs that were unknown in the preview are checked", async () => {
        expect(await failureOf(current.client.create({ name: "w", size: 11 }))).toEqual({
            message: "Widget w, property size: it is too big; give at most 10.",
        });
        expect(callOf("create")).toBeUndefined();
    });

    test("an update gets the old state, also in a preview", async () => {
        const args = {
            oldInputs: { name: "w", digest: "1" },
            olds: { name: "w", serial: "1" },
            news: { name: "w", size: 5 },
        };
        expect(await current.client.update(args, { preview: true })).toEqual({
            name: "w",
            size: 5,
            serial: UNKNOWN_STRING,
        });
        expect(callOf("preview")).toMatchObject({ olds: { id: "w-1", inputs: args.oldInputs, outputs: args.olds } });
        expect(await current.client.update(args)).toEqual({ name: "w", size: 5, serial: "2" });
        expect(callOf("update")).toMatchObject({ id: "w-1", olds: { inputs: args.oldInputs, outputs: args.olds } });
    });

    test("a failure after a change returns the state that the host has now", async () => {
        const create = await failureOf(current.client.create({ name: "half", token: "t0ken", digest: "d" }));
        expect(create.init).toEqual({
            id: "w-half",
            reasons: ["it stopped at [secret]"],
            properties: { name: "half", token: secret("t0ken"), serial: "s", size: 1 },
            inputs: undefined,
        });
        const update = await failureOf(current.client.update({ oldInputs: {}, olds: {}, news: { name: "half" } }));
        expect(update.init).toMatchObject({
            id: "w-1",
            reasons: ["old serves"],
            properties: { serial: "old", size: 9 },
        });
    });

    test("a user's error is reported without a stack, a defect of the provider with it, and neither with a secret", async () => {
        expect(await failureOf(current.client.create({ name: "wrong", token: "t0ken" }))).toEqual({
            message: "Widget w: the token [secret] is wrong. Give another.",
        });
        const { message } = await failureOf(current.client.create({ name: "defect", token: "t0ken" }));
        expect(message).toContain("Widget w: this is a defect of the provider");
        expect(message).toContain("https://example.com/repository/issues");
        expect(message).toContain("TypeError: can't read [secret]");
        expect(message).toContain("widget.ts");
    });
});

describe("Read and Delete", () => {
    test("Read returns the inputs with derived fields, and the state without", async () => {
        expect(await current.client.read("w-1", { inputs: { name: "w", token: secret("t") } })).toEqual({
            id: "w-1",
            inputs: { name: "read", token: secret("t"), digest: "found" },
            properties: { name: "read", token: secret("t"), serial: "3", size: 4 },
        });
    });

    test("Read returns no id for a missing object, and reasons for an unhealthy one", async () => {
        expect(await current.client.read("gone")).toEqual({ id: "", inputs: undefined, properties: undefined });
        expect((await failureOf(current.client.read("ill"))).init).toEqual({
            id: "ill",
            reasons: ["unit failed"],
            inputs: { name: "n" },
            properties: { name: "n", serial: "i", size: 1 },
        });
    });

    test("connectAny uses the first connection that answers", async () => {
        expect(await current.client.read("moved", { inputs: { name: "w" } })).toMatchObject({
            properties: { serial: "up" },
        });
        expect(current.workshop.connected).toEqual([
            { host: "down", dialErrorLimit: 1 },
            { host: "up", dialErrorLimit: 3 },
        ]);
    });

    test("Delete gets the old inputs and state", async () => {
        await current.client.delete("w-1", { inputs: { name: "w" }, properties: { serial: secret("1") } });
        expect(callOf("delete")).toEqual({ id: "w-1", inputs: { name: "w", size: 3 }, outputs: { serial: "1" } });
        expect(await failureOf(current.client.delete("stuck", { inputs: {}, properties: {} }))).toEqual({
            message: "Widget w: it is in use.",
        });
    });
});
