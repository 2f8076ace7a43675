import { Client, failureOf, freshClient, startEngine, URN } from "./client";

const current = freshClient();

const callOf = (operation: string) => current.workshop.calls.find((call) => call.operation === operation)?.args;

describe("a running operation", () => {
    test("is aborted after its custom timeout, which the error names", async () => {
        const { message } = await failureOf(current.client.create({ name: "slow" }, { timeoutSeconds: 0.05 }));
        expect(message).toBe(
            'Widget w: the custom timeout for create has passed after 0.05 s. Give it more time with the resource option customTimeouts: { create: "..." }.',
        );
    });

    test("is aborted by Cancel, which can be repeated and ends with the next Handshake", async () => {
        const slow = failureOf(current.client.create({ name: "slow" }));
        while (callOf("create") === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
        await current.client.cancel();
        await current.client.cancel();
        expect((await slow).message).toContain("the operation was cancelled before it was done");

        const { ProviderHandshakeRequest } = await import("@pulumi/pulumi/proto/provider_pb");
        await current.client.call("handshake", new ProviderHandshakeRequest());
        expect(await current.client.create({ name: "w", connection: { host: "a" } })).toMatchObject({ id: "w-w" });
    });

    test("is aborted and still answered if the process is ended", async () => {
        const slow = failureOf(current.client.create({ name: "slow" }));
        while (callOf("create") === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
        await current.client.stop();
        expect((await slow).message).toContain("the operation was cancelled before it was done");
        expect(current.workshop.closed).toBe(1);
    });

    test("doesn't delay other calls", async () => {
        const slow = failureOf(current.client.create({ name: "slow" }, { timeoutSeconds: 0.3 }));
        const before = Date.now();
        await current.client.create({ name: "w" });
        expect(Date.now() - before).toBeLessThan(250);
        await slow;
    });
});

test("sends its last status to the engine before its answer", async () => {
    const engine = await startEngine();
    const other = await Client.start(current.workshop, engine.address);
    try {
        await other.create({ name: "brief" });
        const messages = engine.logs.map(({ message }) => message);
        expect(messages).toEqual(["waiting to upload", "uploaded"]);
    } finally {
        await other.stop();
        engine.stop();
    }
});

test("sends few status messages, without secrets, and keeps warnings", async () => {
    const engine = await startEngine();
    const other = await Client.start(current.workshop, engine.address);
    try {
        await other.create({ name: "chatty", token: "t0ken" });
        await other.check({ name: "noisy", token: "t0ken" });
        while (engine.logs.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
        expect(
            engine.logs.map(({ message, urn, ephemeral, severity }) => ({ message, urn, ephemeral, severity })),
        ).toEqual([
            { message: "step 0 of [secret]", urn: URN, ephemeral: true, severity: 1 },
            { message: "loud", urn: URN, ephemeral: false, severity: 2 },
            { message: "step 49 of [secret]", urn: URN, ephemeral: true, severity: 1 },
            { message: "checked with [secret]", urn: URN, ephemeral: false, severity: 2 },
        ]);
    } finally {
        await other.stop();
        engine.stop();
    }
});

test("removes control characters for the terminal from what a host reports", async () => {
    const { message } = await failureOf(current.client.create({ name: "colourful" }));
    expect(message).toBe("Widget w: it failed.\nIt reported:\n    red\n    \tnext");
});
