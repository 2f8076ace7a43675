import { diffSnapshots } from "../hosts";
import type { Deployment } from "./deployment";
import { atRest, image, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host, connection, expectUntouched } = helloHost({ toy: true });

/** Creates the three resources. A second call creates them again under the same URNs, as a replacement does. */
async function made(): Promise<[Deployment, Deployment, Deployment]> {
    const [hello, service, dropIn] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
        provider.resource("DropIn", "toy"),
    ];
    await hello.up(image(connection));
    await service.up({ image: hello.outputs.path, files: { "/etc/hello/key": { content: "k" } }, connection });
    await dropIn.up({
        unit: "toy.service",
        text: "[Service]\nNice=1\n",
        files: { "/etc/toy/key": { content: "k" } },
        connection,
    });
    return [hello, service, dropIn];
}

test("the delete of a replaced resource, which comes last, removes nothing of the new one", async () => {
    const old = await made();
    const now = await made();
    for (const [index, resource] of now.entries()) {
        expect(resource.id).toBe(old[index]?.id);
        expect(resource.outputs.record).not.toBe(old[index]?.outputs.record);
    }
    const held = await host.snapshot();
    provider.warnings({ clear: true });
    for (const resource of old.reverse()) await resource.destroy();
    expect(provider.warnings()).toEqual([]);
    expect(diffSnapshots(held, await host.snapshot())).toEqual([]);
    for (const resource of now) {
        expect(await resource.refresh()).toBe(true);
        expect(resource.initErrors).toEqual([]);
    }
    await provider.destroyAll();
    await expectUntouched();
});

test("an image whose creation was lost from the state is removed with the one created next", async () => {
    const lost = provider.resource("PortableImage", "hello");
    await lost.up(image(connection, { mark: "lost" }));
    lost.id = "";
    const found = provider.resource("PortableImage", "hello");
    await found.up(image(connection));
    await found.destroy();
    await expectUntouched();
});

test("the delete of objects that no longer exist succeeds", async () => {
    const all = await made();
    const states = all.map(({ id, inputs, outputs }) => ({ id, inputs, outputs }));
    await provider.destroyAll();
    for (const [index, resource] of all.entries()) Object.assign(resource, states[index]);
    for (const resource of all.reverse()) await resource.destroy();
    expect(provider.warnings()).toEqual([]);
    await expectUntouched();
});

test("objects that were removed by hand can be deleted in any order", async () => {
    const [hello, service, dropIn] = await made();
    await onHost(
        host,
        `portablectl -q detach --now ${hello.outputs.path}; rm -rf ${hello.outputs.path} /etc/hello /etc/toy /etc/systemd/system/toy.service.d; systemctl daemon-reload`,
    );
    await hello.destroy();
    await service.destroy();
    await dropIn.destroy();
    // systemctl made this directory for the links of [Install]; a detach by hand leaves it.
    await onHost(
        host,
        "find /etc/systemd/system -xtype l -delete; rmdir /etc/systemd/system/sockets.target.wants /etc/portables 2>/dev/null || true",
    );
    await expectUntouched();
});

test("records that were lost with /var/lib are written again by the next update, and destroy leaves nothing", async () => {
    const [hello, service, dropIn] = await made();
    await atRest(host, "rm -rf /var/lib/pulumi-portable");
    for (const resource of [hello, service, dropIn]) expect(await resource.refresh()).toBe(true);
    await hello.up(image(connection, { mark: "v2" }));
    await service.up({ image: hello.outputs.path, files: { "/etc/hello/key": { content: "l" } }, connection });
    await dropIn.up({
        unit: "toy.service",
        text: "[Service]\nNice=2\n",
        files: { "/etc/toy/key": { content: "l" } },
        connection,
    });
    expect(await onHost(host, "cat /etc/hello/key /etc/toy/key")).toBe("ll");
    await provider.destroyAll();
    // The records of who made these directories are lost, too, so nothing removes them.
    await onHost(host, "rmdir /etc/portables /etc/systemd/system/toy.service.d /etc/hello /etc/toy");
    await expectUntouched();
});
