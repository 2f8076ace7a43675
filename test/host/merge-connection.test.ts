import { mergeConnection } from "../../provider/host/merge-connection";

const defaults = {
    host: "a",
    user: "admin",
    port: 2222,
    password: "p",
    privateKey: "k",
    privateKeyPassword: "kp",
    hostKey: "SHA256:x",
    insecureIgnoreHostKey: true,
    agentSocketPath: "/agent",
    perDialTimeout: 3,
};

test("a resource without a connection, or with the default's host, takes all unset fields from the default", () => {
    expect(mergeConnection(undefined, defaults)).toEqual(defaults);
    expect(mergeConnection({ host: "a", port: 22 }, defaults)).toEqual({ ...defaults, port: 22 });
});

test("a default without a host is used for every host", () => {
    expect(mergeConnection({ host: "b" }, { user: "u", password: "p" })).toMatchObject({
        host: "b",
        user: "u",
        password: "p",
    });
});

test("credentials and host keys of one host are not used for another", () => {
    expect(mergeConnection({ host: "b" }, defaults)).toEqual({
        host: "b",
        agentSocketPath: "/agent",
        perDialTimeout: 3,
    });
});

test("a password isn't used for another user, nor a passphrase for another key, and a declared host key is verified", () => {
    const merged = mergeConnection({ user: "other", privateKey: "mine", hostKey: "SHA256:y" }, defaults);
    expect(merged).toMatchObject({ host: "a", user: "other", privateKey: "mine", hostKey: "SHA256:y" });
    expect(merged.password ?? merged.privateKeyPassword ?? merged.insecureIgnoreHostKey).toBeUndefined();
});

test("a missing host is reported", () => {
    expect(() => mergeConnection({ user: "u" }, {})).toThrow("no host is given");
});
