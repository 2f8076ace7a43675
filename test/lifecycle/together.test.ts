import { atRest, image, inlineName, onHost } from "./hello";
import { helloHost } from "./hello-host";
import { Provider } from "./provider";

afterEach(() => other.destroyAll());
const { program, provider, host, connection } = helloHost({
    toy: true,
    snapshot: true,
    provider: () => ({ stack: "one" }),
    prepare: async () => {
        await other.start();
        program.write(
            "units/world.service",
            "[Service]\nType=notify\nExecStart=@helloExe@\nDynamicUser=yes\nRuntimeDirectory=world\n[Install]\nWantedBy=multi-user.target\n",
        );
        program.write("units/world.socket", "[Socket]\nListenStream=8081\n[Install]\nWantedBy=sockets.target\n");
    },
});
const other = new Provider({ directory: program.directory, stack: "other" });

const images = async () => (await atRest(host, "ls /var/lib/portables/*.raw 2>/dev/null || true")).split("\n");

test("two processes can deploy two services and three drop-ins to one host at once", async () => {
    const [hello, world] = [provider.resource("PortableImage", "hello"), other.resource("PortableImage", "world")];
    await Promise.all([hello.up(image(connection)), world.up(image(connection, { name: "world" }))]);
    const services = [
        { resource: provider.resource("AttachedService", "hello"), path: hello.outputs.path, unit: "hello.service" },
        { resource: other.resource("AttachedService", "world"), path: world.outputs.path, unit: "world.service" },
    ];
    const dropIns = ["a", "b", "c"].map((name, index) => ({
        resource: (index === 1 ? other : provider).resource("DropIn", name),
        inputs: {
            unit: "toy.service",
            name: `${name}.conf`,
            sections: { Service: { Environment: { [name.toUpperCase()]: "1" } } },
            files: { [`/etc/toy/${name}`]: { content: name } },
            onChange: "reload",
            connection,
        },
    }));
    await Promise.all([
        ...services.map(({ resource, path, unit }) =>
            resource.up({ image: path, dropIns: [inlineName(unit, unit)], connection }),
        ),
        ...dropIns.map(({ resource, inputs }) => resource.up(inputs)),
    ]);
    expect((await host.http(8080, "/")).body).toBe("Hello, hello.service!\n");
    expect((await host.http(8081, "/")).body).toBe("Hello, world.service!\n");
    expect(await onHost(host, "cat /etc/toy/*; systemctl show -p Environment --value toy.service")).toBe(
        "abcA=1 B=1 C=1",
    );
    await Promise.all([...services, ...dropIns].map(({ resource }) => resource.destroy()));
    // A directory is removed with the last file in it, no matter which resource made it.
    expect(await onHost(host, "ls -d /etc/toy /etc/systemd/system/toy.service.d 2>/dev/null || true")).toBe("");
});

test("an image that two stacks deploy stays until both are destroyed", async () => {
    const [ours, theirs] = [provider.resource("PortableImage", "hello"), other.resource("PortableImage", "hello")];
    await ours.up(image(connection));
    const since = await onHost(host, "stat -c %i /var/lib/portables/*.raw");
    await theirs.up(image(connection));
    expect(theirs.outputs.path).toBe(ours.outputs.path);
    expect(await onHost(host, "stat -c %i /var/lib/portables/*.raw")).toBe(since);
    await ours.destroy();
    expect(await images()).toEqual([theirs.outputs.path]);
    expect(await theirs.refresh()).toBe(true);
    await theirs.destroy();
    expect(await images()).toEqual([""]);
});

test("the delete of an attached image leaves it, with a warning, until it is detached", async () => {
    const [hello, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    await hello.up(image(connection));
    const path = hello.outputs.path;
    await service.up({ image: path, connection });
    provider.warnings({ clear: true });
    await hello.destroy();
    expect(provider.warnings()).toEqual([
        `Still in use on ${host.address}, so the file stays until what is attached to it is gone: ${path}.`,
    ]);
    expect(await images()).toEqual([path]);
    await onHost(host, "systemctl restart hello.service");
    await service.destroy();
    expect(await images()).toEqual([""]);
});

test("with retain: 1 the old image is removed only once the service no longer uses it", async () => {
    const [hello, service] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
    ];
    const only = (mark: string) => ({ ...image(connection, { mark }), retain: 1 });
    await hello.up(only("v1"));
    const v1 = hello.outputs.path;
    await service.up({ image: v1, connection });
    await hello.up(only("v2"));
    expect(hello.outputs.retained).toEqual([hello.outputs.path]);
    expect((await images()).sort()).toEqual([v1, hello.outputs.path].sort());
    await service.up({ image: hello.outputs.path, connection });
    expect(await images()).toEqual([hello.outputs.path]);
});
