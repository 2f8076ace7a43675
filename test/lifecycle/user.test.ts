import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootHost, diffSnapshots, type TestHost } from "../hosts";
import type { Json } from "./deployment";
import { atRest, bootTimeoutMs, connectionTo, HelloProgram, image, inlineName, onHost } from "./hello";
import type { Provider } from "./provider";

let program: HelloProgram;
let host: TestHost;
let jump: TestHost;
let provider: Provider | undefined;

beforeAll(async () => {
    program = HelloProgram.make();
    [host, jump] = await Promise.all([bootHost(), bootHost()]);
}, bootTimeoutMs);
afterAll(() => Promise.all([host?.down(), jump?.down()]));

/** Creates, updates and destroys the three resources, and expects the host to be as before. */
async function lifecycle(connection: Json, options: Parameters<HelloProgram["provider"]>[0] = {}): Promise<void> {
    const before = await host.snapshot();
    provider = await program.provider(options);
    const [hello, service, page] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
        provider.resource("DropIn", "page"),
    ];
    await hello.up(image(connection));
    await service.up({ image: hello.outputs.path, dropIns: [inlineName("one")], connection });
    await page.up({
        unit: "hello.service",
        sections: { Service: { BindReadOnlyPaths: "/etc/hello" } },
        files: { "/etc/hello/page.html": { content: "page of {$NAME}" } },
        connection,
    });
    expect((await host.http(8080, "/")).body).toBe("page of one");
    expect(await atRest(host, "stat -c '%a %U:%G' /var/lib/portables /var/lib/portables/*")).toBe(
        "700 root:root\n644 root:root",
    );
    await hello.up(image(connection, { mark: "v2" }));
    await service.up({ image: hello.outputs.path, dropIns: [inlineName("two")], connection });
    for (const resource of [hello, service, page]) expect(await resource.refresh()).toBe(true);
    expect((await host.http(8080, "/")).body).toBe("page of two");
    await provider.destroyAll();
    expect(provider.warnings()).toEqual([]);
    expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
}

test("an ordinary user with sudo can deploy", async () => {
    await lifecycle({ ...connectionTo(host), user: "deploy" });
});

test("an alias of ssh_config with a ProxyJump can be the host", async () => {
    const knownHosts = join(program.directory, "known_hosts");
    const config = join(program.directory, "ssh_config");
    writeFileSync(knownHosts, `${host.address} ${host.hostKey}\n${jump.address} ${jump.hostKey}\n`);
    writeFileSync(
        config,
        `Host inner
            HostName ${host.address}
            User deploy
            ProxyJump nosudo@gate
        Host gate
            HostName ${jump.address}
        Host *
            IdentityFile ${host.privateKeyPath}
            IdentitiesOnly yes
            UserKnownHostsFile ${knownHosts}
            GlobalKnownHostsFile none`,
    );
    await lifecycle({ host: "inner" }, { environment: { PORTABLE_SSH_CONFIG: config } });
    expect(
        await onHost(
            host,
            `journalctl -q -o cat -t sshd -t sshd-session | grep -c 'Accepted publickey for deploy from ${jump.address}'`,
        ),
    ).not.toBe("0");
});

test("resources fall back on the provider's connection", async () => {
    const { host: address, ...login } = connectionTo(host);
    await lifecycle({ host: address }, { configuration: { connection: login } });
});
