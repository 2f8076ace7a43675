import { Client, freshClient, startEngine } from "./client";

const current = freshClient();

test("a failed check returns no derived fields: the engine would refuse unknown ones in an update and hide the reason", async () => {
    const { inputs, failures } = await current.client.check({ name: "refused", token: "t" });
    expect(failures).toEqual(["Property tags[0]: it is rude; say it kindly."]);
    expect(Object.keys(inputs)).toEqual(["name", "token"]);
});

test("an ignored host key draws one warning for each host, even if nothing changes", async () => {
    const engine = await startEngine();
    const other = await Client.start(current.workshop, engine.address);
    try {
        const insecure = (host: string) => ({ name: "w", connection: { host, insecureIgnoreHostKey: true } });
        for (const host of ["a", "a", "b"]) await other.check(insecure(host));
        await other.check({ name: "w", connection: { host: "c", insecureIgnoreHostKey: true, hostKey: "SHA256:x" } });
        expect(engine.logs.map(({ message }) => message.split(" (")[0])).toEqual([
            "a: its host key is not verified",
            "b: its host key is not verified",
        ]);
    } finally {
        await other.stop();
        engine.stop();
    }
});

test("a host that changes by the provider's configuration is reported, as the engine's diff doesn't show it", async () => {
    const engine = await startEngine();
    const other = await Client.start(current.workshop, engine.address);
    try {
        await other.configure({ connection: { host: "b" } });
        const oldInputs = { name: "w", connection: { user: "root" } };
        const olds = { ...oldInputs, connection: { host: "a", user: "root" }, serial: "1" };
        expect((await other.diff({ oldInputs, news: oldInputs, olds })).replaces).toEqual(["connection"]);
        await other.diff({ oldInputs, news: { name: "w", connection: { host: "c" } }, olds });
        expect(engine.logs.map(({ message }) => message)).toEqual([
            "Widget w: it is on host a; the provider's configuration now names b.",
        ]);
    } finally {
        await other.stop();
        engine.stop();
    }
});
