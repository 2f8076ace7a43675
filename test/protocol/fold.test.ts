import { fold, foldChanges, SHOWN_WITH, type Unfolded, unfold } from "../../provider/protocol/fold";
import { SecretPaths } from "../../provider/protocol/secrets";
import { Client, secret } from "./client";
import { Workshop } from "./widget";

const nothing = () => false;
const inputs = { name: "hello", tags: ["a"], connection: { host: "web2" } };

/** Folded inputs, as the engine sends them back. */
function again(values: Record<string, unknown>, isSecret = nothing, shownWith: string | undefined = "first"): Unfolded {
    return unfold({ value: fold(values, isSecret, shownWith).values, secrets: new SecretPaths() });
}

test("unfold restores folded inputs and leaves other inputs unchanged", () => {
    expect(again(inputs)).toEqual({ value: inputs, shownWith: "first", secrets: new SecretPaths() });
    expect(fold(inputs, nothing, undefined).values).toBe(inputs);
    expect(unfold({ value: inputs, secrets: new SecretPaths() })).toMatchObject({
        value: inputs,
        shownWith: undefined,
    });
});

test("only the host and a digest stay visible; the digest depends neither on the order of inputs nor on the host", () => {
    const { values } = fold(inputs, nothing, "first");
    const visible = Object.entries(values).filter(([key]) => !key.startsWith("__"));
    expect(visible).toEqual([
        ["host", "web2"],
        ["sameAs", expect.stringMatching(/^first [0-9a-f]{8}$/)],
    ]);
    const other = { connection: { host: "web3" }, tags: ["a"], name: "hello" };
    expect(fold(other, nothing, "first").values.sameAs).toBe(values.sameAs);
    expect(fold({ ...inputs, tags: ["b"] }, nothing, "first").values.sameAs).not.toBe(values.sameAs);
});

test("a connection with more than a host stays visible", () => {
    const connection = { host: "web2", user: "deploy" };
    expect(fold({ ...inputs, connection }, nothing, "first").values).toMatchObject({ connection });
    expect(again({ ...inputs, connection }).value).toEqual({ ...inputs, connection });
});

test("a folded secret stays secret and isn't part of the digest", () => {
    const isSecret = ([name]: readonly (string | number)[]) => name === "token";
    const made = fold({ ...inputs, token: "one" }, isSecret, "first");
    expect(made.isSecret(["__shared", "token"])).toBe(true);
    expect(made.isSecret(["__shared", "name"])).toBe(false);
    expect(fold({ ...inputs, token: "two" }, isSecret, "first").values.sameAs).toBe(made.values.sameAs);
    expect(
        unfold({ value: made.values, secrets: new SecretPaths([["__shared", "token"]]) }).secrets.covers(["token"]),
    ).toBe(true);
});

test("changes of folded inputs are merged to one, which replaces if one of them does; a change of the host stays separate", () => {
    const change = (name: string, replaces = false) => ({
        path: [name],
        kind: "update" as const,
        replaces,
        isInput: true,
    });
    const folded = again(inputs);
    const shown = unfold({ value: inputs, secrets: new SecretPaths() });
    const host = { ...change("connection", true), path: ["connection", "host"] };
    expect(foldChanges([change("name", true), change("tags")], folded, folded)).toEqual([change("sameAs", true)]);
    expect(foldChanges([change("name")], folded, shown)).toEqual([{ ...change("sameAs"), kind: "add" }]);
    expect(foldChanges([host], folded, folded)).toEqual([change("host", true)]);
    expect(foldChanges([change("name")], shown, folded)).toEqual([change("name")]);
    expect(foldChanges([], folded, shown)).toEqual([]);
});

describe("the calls of the engine", () => {
    let client: Client;
    const workshop = new Workshop();
    beforeAll(async () => {
        client = await Client.start(workshop);
    });
    afterAll(() => client.stop());
    const request = { name: "w", token: "t0ken", connection: { host: "web2" }, [SHOWN_WITH]: "first" };

    test("Check folds inputs and keeps secrets; the resource gets the complete inputs", async () => {
        const { inputs: checked, failures } = await client.check(request);
        expect(failures).toEqual([]);
        expect(checked).toEqual({
            host: "web2",
            sameAs: expect.stringMatching(/^first /),
            __shared: {
                __shownWith: "first",
                name: "w",
                token: secret("t0ken"),
                connection: { host: "web2" },
                digest: "plain",
                plate: secret("plate t0ken"),
            },
        });
        const { properties } = await client.create(checked, { preview: true });
        expect(properties).toMatchObject({ name: "w", token: secret("t0ken") });
        expect(properties).not.toHaveProperty("__shared");
    });

    test("Diff shows one change for all folded inputs, and none between folded and plain inputs", async () => {
        const before = (await client.check(request)).inputs;
        const after = (await client.check({ ...request, tags: ["new"] })).inputs;
        const { [SHOWN_WITH]: _, ...plain } = request;
        const shown = (await client.check(plain)).inputs;
        const olds = { ...shown, size: 3 };
        expect(await client.diff({ oldInputs: before, olds, news: after })).toMatchObject({
            changes: true,
            detailed: { sameAs: "UPDATE" },
        });
        expect(await client.diff({ oldInputs: shown, olds, news: before })).toMatchObject({ changes: false });
        expect(await client.diff({ oldInputs: before, olds, news: shown })).toMatchObject({ changes: false });
    });

    test("Read returns folded inputs if it got folded ones", async () => {
        const { inputs: checked } = await client.check(request);
        const { inputs: found } = await client.read("w-w", { inputs: checked, properties: { name: "w" } });
        expect(found).toMatchObject({ host: "web2", sameAs: expect.stringMatching(/^first /) });
    });
});
