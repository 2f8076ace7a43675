import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import { secret } from "../protocol/client";
import { failure, type Json, plainText } from "./deployment";
import { image, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { program, provider, host, connection } = helloHost({ toy: true });
afterEach(() => provider.destroyAll());

const TOKEN = "tok-5e9b2d41c7";
const base64 = (text: string) => Buffer.from(text).toString("base64").slice(0, 12);

/**
 * Calls `run` while an ordinary user of the host searches all readable files and processes for the secret. Returns what
 * that user found.
 */
async function watched(run: () => Promise<unknown>): Promise<string> {
    const pattern = `${TOKEN}|${base64(TOKEN)}`;
    await onHost(
        host,
        `cat >/tmp/watch <<'END'
while [ ! -e /tmp/enough ]; do
    for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file | grep -aE '${pattern}' | grep -v grep; done
    cat /proc/[0-9]*/environ | grep -acE '${pattern}' | grep -v '^0$'
    grep -rlE '${pattern}' /etc /run /var/lib /var/tmp /tmp --exclude=watch --exclude=seen
    sleep 0.05
done
END
        chmod 755 /tmp/watch; (su -s /bin/sh nosudo -c 'sh /tmp/watch' >/tmp/seen 2>/dev/null; touch /tmp/done) >/dev/null 2>&1 &`,
    );
    await run();
    return onHost(
        host,
        "touch /tmp/enough; while [ ! -e /tmp/done ]; do sleep 0.05; done; sort -u /tmp/seen; rm /tmp/seen /tmp/enough /tmp/done /tmp/watch",
    );
}

test("secrets of a connection that are given as plain strings are marked as secrets by Check and in the state", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const declared = {
        ...connection,
        password: TOKEN,
        privateKeyPassword: "pp",
        proxy: { host: "gate", password: TOKEN },
    };
    const inputs = await dropIn.check({ unit: "toy.service", text: "[Service]\n", connection: declared });
    expect(inputs.connection).toMatchObject({
        host: host.address,
        password: { [SIGNATURE_KEY]: SIGNATURE.secret, value: TOKEN },
        privateKeyPassword: { [SIGNATURE_KEY]: SIGNATURE.secret, value: "pp" },
        privateKey: { [SIGNATURE_KEY]: SIGNATURE.secret },
        proxy: { host: "gate", password: { [SIGNATURE_KEY]: SIGNATURE.secret, value: TOKEN } },
    });
    await dropIn.up({ unit: "toy.service", text: "[Service]\n", connection: { ...connection, password: TOKEN } });
    await dropIn.refresh();
    const state = plainText([dropIn.inputs, dropIn.outputs]);
    expect(state).not.toContain("PRIVATE KEY");
    expect(state).not.toContain(TOKEN);
    expect(state).toContain(host.address);
});

test("the content of a secret host file is in no argv, no environment, no file that others can read, no log and no state", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    const inputs = (content: string, sections: Json = {}) => ({
        unit: "toy.service",
        sections: { Service: { LoadCredential: "token:/etc/toy/token", ...sections } },
        files: { "/etc/toy/token": { content: secret(content), mode: "0600" } },
        connection,
    });
    const observed = await watched(async () => {
        await dropIn.up(inputs(`${TOKEN}\n`));
        expect(await onHost(host, "stat -c %a /etc/toy/token; cat /etc/toy/token")).toBe(`600\n${TOKEN}`);
        await dropIn.up(inputs(`${TOKEN}!\n`));
        await failure(dropIn.up(inputs(`${TOKEN}?\n`, { ExecStartPre: "/bin/false" })));
        await dropIn.refresh();
    });
    expect(observed).toBe("");
    expect(plainText([dropIn.inputs, dropIn.outputs, dropIn.initErrors])).not.toContain(TOKEN);
    expect(provider.texts).not.toContain(TOKEN);
    expect(await onHost(host, "cat /etc/toy/token")).toBe(`${TOKEN}!`);
});

test("the content of a secret file of a service is in no argv, no environment, no file that others can read, no log and no state", async () => {
    const [hello, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    await hello.up(image(connection));
    const inputs = (content: string) => ({
        image: hello.outputs.path,
        files: { "/etc/hello/token": { content: secret(content), mode: "0600" } },
        connection,
    });
    const observed = await watched(async () => {
        await service.up(inputs(`${TOKEN}\n`));
        await service.up(inputs(`${TOKEN}!\n`));
        await service.refresh();
    });
    expect(observed).toBe("");
    expect(plainText([service.inputs, service.outputs])).not.toContain(TOKEN);
    expect(provider.texts).not.toContain(TOKEN);
});

test("a secret that a crashing release prints is removed from the journal in the error", async () => {
    const printsToken =
        '#include <stdio.h>\n#include <stdlib.h>\nint main() { fprintf(stderr, "login with %s failed\\n", getenv("TOKEN")); return 7; }';
    execFileSync("cc", ["-static", "-xc", "-o", join(program.directory, "bin/tells"), "-"], { input: printsToken });
    const [hello, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    const inputs = () => ({
        image: hello.outputs.path,
        dropIns: [{ unit: "hello.service", sections: { Service: { EnvironmentFile: "/etc/hello/token" } } }],
        files: { "/etc/hello/token": { content: secret(`TOKEN=${TOKEN}\nOTHER=1\n`), mode: "0600" } },
        connection,
    });
    await hello.up(image(connection));
    await service.up(inputs());
    await hello.up(image(connection, { mark: "v2", program: "tells" }));
    const failed = await failure(service.up(inputs()));
    expect(failed.message).toContain("login with [secret] failed");
    expect(failed.message).not.toContain(TOKEN);
    expect(plainText([service.inputs, service.outputs, service.initErrors])).not.toContain(TOKEN);
    expect(provider.texts).not.toContain(TOKEN);
});

test("a secret in Environment= draws a warning, and is in no message and no plain state", async () => {
    provider.warnings({ clear: true });
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up({ unit: "toy.service", sections: { Service: { Environment: { T: secret(TOKEN) } } }, connection });
    expect(new Set(provider.warnings())).toEqual(
        new Set([
            "toy.service: a secret in Environment= can be read by every user of the host (`systemctl show -p Environment`). Put it in a host file with mode 0600 and name that in EnvironmentFile= or LoadCredential=.",
        ]),
    );
    await dropIn.refresh();
    expect(plainText([dropIn.inputs, dropIn.outputs])).not.toContain(TOKEN);
    // systemd's own message would contain the value.
    const bad = { Service: { Environment: { T: secret(TOKEN) }, ExecStartPre: `/bin/sh -c 'echo ${TOKEN}; exit 1'` } };
    const failed = await failure(dropIn.up({ unit: "toy.service", sections: secret(bad), connection }));
    expect(failed.message).not.toContain(TOKEN);
    expect(failed.message).toContain("restarting toy.service failed");
    expect(provider.texts).not.toContain(TOKEN);
});

test("records have the paths of files, not their contents", async () => {
    const dropIn = provider.resource("DropIn", "toy");
    await dropIn.up({
        unit: "toy.service",
        sections: { Service: { Nice: 1 } },
        files: { "/etc/toy/token": { content: secret(TOKEN), mode: "0600" } },
        connection,
    });
    expect(await onHost(host, `grep -r '${TOKEN}' /var/lib/pulumi-portable || true`)).toBe("");
    expect(
        await onHost(
            host,
            "find /var/lib/pulumi-portable -printf '%m %P\\n' | sort | sed 's/[0-9a-f]\\{16\\}$/TOKEN/'",
        ),
    ).toBe("644 files/TOKEN\n700 files\n711");
});
