import { InvokeRequest, type InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { failureOf, freshClient, secret, struct } from "./client";

const current = freshClient();

async function getWidget(args: Record<string, unknown>, tok = "test:index:getWidget") {
    const request = new InvokeRequest();
    request.setTok(tok);
    request.setArgs(struct(args));
    const response = await current.client.call<InvokeResponse>("invoke", request);
    return {
        result: response.getReturn()?.toJavaScript(),
        failures: response.getFailuresList().map((failure) => failure.toObject()),
    };
}

describe("CheckConfig", () => {
    test("parses objects and booleans from JSON, marks secret fields, and leaves the engine's fields unchanged", async () => {
        const news = {
            connection: JSON.stringify({ host: "a", port: 22, password: "pass" }),
            loud: "true",
            version: "1.2.3",
        };
        expect(await current.client.check(news, "checkConfig")).toEqual({
            inputs: { connection: { host: "a", port: 22, password: secret("pass") }, loud: true, version: "1.2.3" },
            failures: [],
        });
    });

    test("reports the property and the reason of each failure", async () => {
        const { failures } = await current.client.check({ connection: '{"hots": "a"}', lout: "x" }, "checkConfig");
        expect(failures).toEqual([
            "Property connection.hots: there is no such property; did you mean host?",
            "Property lout: there is no such property; did you mean loud?",
        ]);
        expect((await current.client.check({ connection: "web1" }, "checkConfig")).failures).toEqual([
            "Property connection: got a string; give an object.",
        ]);
    });
});

test("DiffConfig finds no difference between an object and its JSON", async () => {
    const oldInputs = { connection: { host: "a" }, version: "1" };
    const news = { connection: '{"host":"a"}', version: "2" };
    expect(await current.client.diff({ oldInputs, news }, "diffConfig")).toMatchObject({
        changes: false,
        replaces: [],
    });
    expect(await current.client.diff({ oldInputs, news: { connection: '{"host":"b"}' } }, "diffConfig")).toMatchObject({
        changes: true,
        detailed: { "connection.host": "UPDATE" },
    });
});

test("Configure refuses an invalid configuration", async () => {
    expect(await failureOf(current.client.configure({ loud: "perhaps" }))).toEqual({
        message: "Provider configuration, property loud: got a string; give true or false.",
    });
});

test("Configure's connection is the default connection, and its secrets are removed from messages", async () => {
    await current.client.configure({ connection: secret('{"host":"a","password":"passw0rd"}') });
    await current.client.create({ name: "w", connection: { user: "root" } });
    expect(current.workshop.connected).toEqual([{ host: "a", password: undefined, user: "root" }]);
    expect(await failureOf(current.client.create({ name: "wrong", tags: [], token: "x passw0rd x" }))).toMatchObject({
        message: "Widget w: the token [secret] is wrong. Give another.",
    });
});

describe("the engine marks a whole object as secret if one value in it is", () => {
    const failed = async (connection: object) => {
        await current.client.configure({ connection: secret(JSON.stringify(connection)) });
        return (await failureOf(current.client.create({ name: "w", connection: {} }))).message;
    };

    test("only fields that the schema marks as secret are removed from messages, not the host", async () => {
        expect(await failed({ host: "down", password: "passw0rd" })).toBe("Widget w, host down: it doesn't answer.");
    });

    test("all values are removed from messages if the schema marks none of its fields", async () => {
        expect(await failed({ host: "down" })).toBe("Widget w, host [secret]: it doesn't answer.");
    });
});

describe("the environment completes the default connection", () => {
    const variables = { PORTABLE_HOST: "web9", PORTABLE_USER: "deploy", PORTABLE_PASSWORD: "passw0rd" };
    beforeEach(() => Object.assign(process.env, variables));
    afterEach(() => {
        for (const name of Object.keys(variables)) delete process.env[name];
    });

    test("CheckConfig returns the host and the user, and no secret", async () => {
        const { inputs } = await current.client.check({}, "checkConfig");
        expect(inputs).toEqual({ connection: { host: "web9", user: "deploy" } });
    });

    test("Configure also takes the password, and removes it from messages", async () => {
        await current.client.configure({ connection: { host: "web9" } });
        await current.client.create({ name: "w", connection: {} });
        expect(current.workshop.connected).toEqual([{ host: "web9", user: "deploy", password: "passw0rd" }]);
        expect(
            await failureOf(current.client.create({ name: "wrong", tags: [], token: "x passw0rd x" })),
        ).toMatchObject({
            message: "Widget w: the token [secret] is wrong. Give another.",
        });
    });

    test("credentials of one host aren't offered to another host", async () => {
        expect((await current.client.check({ connection: '{"host":"web1"}' }, "checkConfig")).inputs).toEqual({
            connection: { host: "web1" },
        });
        await current.client.configure({ connection: { host: "web1" } });
        await current.client.create({ name: "w", connection: {} });
        expect(current.workshop.connected).toEqual([{ host: "web1" }]);
    });

    test("a port that isn't a number is refused", async () => {
        process.env.PORTABLE_PORT = "ssh";
        try {
            expect((await current.client.check({}, "checkConfig")).failures).toEqual([
                expect.stringContaining("Property connection.port"),
            ]);
        } finally {
            delete process.env.PORTABLE_PORT;
        }
    });
});

test("environment variables replace configuration that is unset", async () => {
    process.env.TEST_LOUD = "not a boolean";
    try {
        expect((await failureOf(current.client.configure({}))).message).toContain("property loud");
        await current.client.configure({ loud: true });
    } finally {
        delete process.env.TEST_LOUD;
    }
});

describe("Invoke", () => {
    test("marks secrets in its answer", async () => {
        await current.client.configure({ connection: { host: "a" } });
        expect(await getWidget({ name: "w" })).toEqual({
            result: { key: secret("key of w"), host: "a" },
            failures: [],
        });
    });

    test("reports the wrong argument", async () => {
        expect((await getWidget({ name: 1 })).failures).toEqual([
            { property: "name", reason: "Property name: got a number; give a string." },
        ]);
    });

    test("reports a missing host and an unknown function", async () => {
        expect((await failureOf(getWidget({ name: "w" }))).message).toContain("connection.host: no host is given");
        expect((await failureOf(getWidget({}, "test:index:getNothing"))).message).toContain(
            "has no function test:index:getNothing",
        );
    });
});
