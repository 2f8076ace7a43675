import { bootHost, diffSnapshots, type TestHost } from "../hosts";
import type { Deployment, Json } from "./deployment";
import { bootTimeoutMs, connectionTo, image, makeToyService, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { provider, host: first } = helloHost({ toy: true });
let second: TestHost;

beforeAll(async () => {
    second = await bootHost();
    await makeToyService(second);
}, bootTimeoutMs);
afterAll(() => second?.down());

/** Deploys the three resources to the host of the connection. */
async function deployed(connection: Json): Promise<Deployment[]> {
    const [hello, service, dropIn] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
        provider.resource("DropIn", "toy"),
    ];
    await hello.up(image(connection));
    await service.up({ image: hello.outputs.path, connection });
    await dropIn.up({ unit: "toy.service", sections: { Service: { Nice: 1 } }, connection });
    return [hello, service, dropIn];
}

/** Changes the state of a resource as if its host's address now belonged to another machine. */
function move(resource: Deployment, connection: Json): void {
    resource.inputs = { ...resource.inputs, connection };
    resource.outputs = { ...resource.outputs, connection };
}

test("if the address is another machine's now, read reports the object as missing and delete changes nothing, with warnings", async () => {
    await deployed(connectionTo(second));
    const onFirst = await deployed(connectionTo(first));
    const [hello, service, dropIn] = onFirst as [Deployment, Deployment, Deployment];
    const before = await second.snapshot();
    const id = await onHost(first, "cat /etc/machine-id");
    const { path } = hello.outputs;
    for (const resource of onFirst) move(resource, connectionTo(second));

    provider.warnings({ clear: true });
    await dropIn.destroy();
    await service.destroy();
    await hello.destroy();
    expect(provider.warnings()).toEqual([
        `${second.address} is another machine now: the drop-in /etc/systemd/system/toy.service.d/override.conf was on ${id}.`,
        `${second.address} is another machine now: the service hello was on ${id}.`,
        `${second.address} is another machine now: the image ${path} was on ${id}.`,
    ]);
    expect(diffSnapshots(before, await second.snapshot())).toEqual([]);

    // The deletes left everything on the first host, so the same resources take it over again for the reads.
    const again = await deployed(connectionTo(first));
    for (const resource of again) move(resource, connectionTo(second));
    provider.warnings({ clear: true });
    for (const resource of again) expect(await resource.refresh()).toBe(false);
    expect(provider.warnings()).toEqual([
        `${second.address} is another machine now: the image ${path} was on ${id}.`,
        `${second.address} is another machine now: the service hello was on ${id}.`,
        `${second.address} is another machine now: the drop-in /etc/systemd/system/toy.service.d/override.conf was on ${id}.`,
    ]);
    expect(diffSnapshots(before, await second.snapshot())).toEqual([]);
});
