import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootTarget, diffSnapshots, type TestTarget } from "../target";
import { atRest, bootTimeoutMs, connectionTo, HelloProgram, image, inlineName, onHost } from "./hello";
import type { Json, Provider } from "./provider";

let program: HelloProgram;
let target: TestTarget;
let jump: TestTarget;
let provider: Provider | undefined;

beforeAll(async () => {
    program = new HelloProgram();
    [target, jump] = await Promise.all([bootTarget(), bootTarget()]);
}, bootTimeoutMs);
afterAll(() => Promise.all([target?.down(), jump?.down()]));

/** The three resources come, change and go; the host is as before. */
async function lifecycle(connection: Json, options: Parameters<HelloProgram["provider"]>[0] = {}): Promise<void> {
    const before = await target.snapshot();
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
    expect((await target.http(8080, "/")).body).toBe("page of one");
    expect(await atRest(target, "stat -c '%a %U:%G' /var/lib/portables /var/lib/portables/*")).toBe(
        "700 root:root\n644 root:root",
    );
    await hello.up(image(connection, { mark: "v2" }));
    await service.up({ image: hello.outputs.path, dropIns: [inlineName("two")], connection });
    for (const each of [hello, service, page]) expect(await each.refresh()).toBe(true);
    expect((await target.http(8080, "/")).body).toBe("page of two");
    await provider.destroyAll();
    expect(provider.warnings()).toEqual([]);
    expect(diffSnapshots(before, await target.snapshot())).toEqual([]);
}

test("an ordinary user with sudo", async () => {
    await lifecycle({ ...connectionTo(target), user: "deploy" });
});

test("an alias of ssh_config with a ProxyJump, as an ordinary user with sudo", async () => {
    const known = join(program.directory, "known_hosts");
    const config = join(program.directory, "ssh_config");
    writeFileSync(known, `${target.host} ${target.hostKey}\n${jump.host} ${jump.hostKey}\n`);
    writeFileSync(
        config,
        `Host inner
            HostName ${target.host}
            User deploy
            ProxyJump nosudo@gate
        Host gate
            HostName ${jump.host}
        Host *
            IdentityFile ${target.privateKeyPath}
            IdentitiesOnly yes
            UserKnownHostsFile ${known}
            GlobalKnownHostsFile none`,
    );
    await lifecycle({ host: "inner" }, { environment: { PORTABLE_SSH_CONFIG: config } });
    expect(
        await onHost(
            target,
            `journalctl -q -o cat _COMM=sshd | grep -c 'Accepted publickey for deploy from ${jump.host}'`,
        ),
    ).not.toBe("0");
});

test("the provider's own connection, which resources fall back on", async () => {
    const { host, ...login } = connectionTo(target);
    await lifecycle({ host }, { configuration: { connection: login } });
});
