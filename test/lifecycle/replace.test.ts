import { failure, type Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

const { program, provider, host, connection } = helloHost({
    snapshot: true,
    prepare: () => {
        for (const kind of ["service", "socket"])
            program.write(`units/greeter.${kind}`, program.read(`units/hello.${kind}`));
    },
});

const page = async () => (await host.http(8080, "/")).body;
const closing = () => provider.warnings().filter((text) => text.includes(" closes in this update"));

test("a service that gets another name and keeps its port is removed before the new one is created", async () => {
    const [pointer, service] = [provider.resource("PortableImage", "app"), provider.resource("AttachedService", "app")];
    await pointer.up(image(connection));
    await service.up({ image: pointer.outputs.path, dropIns: [inlineName("old")], connection });
    expect(await page()).toBe("Hello, old!\n");
    const renamed = { ...image(connection, { name: "greeter" }) };
    expect((await pointer.preview(renamed)).operation).toBe("replace");
    // The engine's order: create the new image, replace the service, delete the old image.
    const next = provider.resource("PortableImage", "app");
    await next.up(renamed);
    const inputs = {
        image: next.outputs.path,
        dropIns: [inlineName("new", "greeter.service")],
        connection,
    };
    // Otherwise the host would refuse it after the old service was removed.
    const forgotten = { ...inputs, dropIns: [inlineName("new")], units: { "hello.socket": { start: false } } };
    for (const deploy of [service.preview(forgotten), service.up(forgotten)])
        expect((await failure(deploy)).message).toMatch(
            /dropIns\[0\]\.unit: hello\.service is a unit of hello, and the image's name is greeter now\. Name a unit of greeter\..*units\["hello\.socket"\]: hello\.socket/s,
        );
    expect(await page()).toBe("Hello, old!\n");
    expect(await service.preview(inputs)).toMatchObject({
        operation: "replace, the old one first",
        properties: { name: "greeter" },
    });
    expect((await service.up(inputs)).diff).toMatchObject({ image: "UPDATE_REPLACE" });
    await pointer.destroy();
    expect(await page()).toBe("Hello, new!\n");
    expect(await onHost(host, "ls /etc/systemd/system.attached; ls -d /etc/systemd/system/*.service.d")).toBe(
        "greeter.service\ngreeter.service.d\ngreeter.socket\ngreeter.socket.d\n/etc/systemd/system/greeter.service.d",
    );
    expect(await service.up(inputs)).toEqual({ operation: "same", diff: {} });
});

test("another address of the same machine is a replacement that changes nothing on the host", async () => {
    const there = { ...connection, host: host.secondAddress };
    const [pointer, service, dropIn] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
        provider.resource("DropIn", "nice"),
    ];
    const all = async (connection: Json) => [
        await pointer.up(image(connection)),
        await service.up({ image: pointer.outputs.path, dropIns: [inlineName("one")], connection: connection }),
        await dropIn.up({ unit: "hello.service", sections: { Service: { Nice: 1 } }, connection: connection }),
    ];
    await all(connection);
    const pid = await mainPid(host, "hello.service");
    const ids = [pointer.id, service.id, dropIn.id];
    provider.warnings({ clear: true });
    expect((await all(there)).map(({ operation }) => operation)).toEqual(["replace", "replace", "replace"]);
    expect([pointer.id, service.id, dropIn.id]).toEqual(ids);
    expect(provider.warnings()).toEqual([]);
    expect(await page()).toBe("Hello, one!\n");
    expect(await mainPid(host, "hello.service")).toBe(pid);
    for (const resource of [pointer, service, dropIn]) {
        expect(await resource.refresh()).toBe(true);
        expect(resource.initErrors).toEqual([]);
    }
    expect((await all(there)).map(({ operation }) => operation)).toEqual(["same", "same", "same"]);
});

test("a preview warns of each socket that the update closes; other sockets stay open", async () => {
    const [pointer, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    const socket = program.read("units/hello.socket");
    const inputs = (more: Json = {}) => ({ image: pointer.outputs.path, connection, ...more });
    /** When the socket was last started. */
    const opened = () => onHost(host, "systemctl show -p ActiveEnterTimestampMonotonic --value hello.socket");
    await pointer.up(image(connection));
    await service.up(inputs());
    const first = await opened();

    program.write("units/hello.socket", socket.replace("Description=", "Description=Another "));
    await pointer.up(image(connection, { version: "1.1" }));
    await service.preview(inputs());
    await provider.expectText(
        /reattaches hello_1\.1-\w+\.raw in place of hello_1\.0-\w+\.raw, restarts hello\.service\./,
    );
    await service.up(inputs());
    expect(closing()).toEqual([]);
    expect(await opened()).toBe(first);
    expect(service.outputs.gapless).toBe(true);

    program.write("units/hello.socket", socket.replace("8080", "8081"));
    provider.warnings({ clear: true });
    await pointer.preview(image(connection, { version: "1.2" }));
    expect(closing()).toEqual([
        "hello.socket closes in this update, since what it listens on changes: ListenStream=8080 => ListenStream=8081. Connections are refused until it is open again.",
    ]);
    await pointer.up(image(connection, { version: "1.2" }));
    await service.up(inputs());
    expect(service.outputs).toMatchObject({
        gapless: false,
        gaplessReason: "hello.socket had to close, since it changed",
    });
    expect((await host.http(8081, "/")).body).toBe("Hello, world!\n");

    const back = { dropIns: [{ unit: "hello.socket", sections: { Socket: { ListenStream: ["", "8080"] } } }] };
    provider.warnings({ clear: true });
    await service.preview(inputs(back));
    expect(closing()).toEqual([
        "hello.socket closes in this update, since its drop-in /etc/systemd/system/hello.socket.d/50-portable.conf changes. Connections are refused until it is open again.",
    ]);
    await provider.expectText(/writes drop-ins, restarts hello.socket, hello.service/);
    await service.up(inputs(back));
    expect(await page()).toBe("Hello, world!\n");
    await service.preview(inputs({ ...back, profile: "strict" }));
    await provider.expectText(/reattaches hello_1\.2-\w+\.raw for its profile, restarts hello\.service\./);
});
