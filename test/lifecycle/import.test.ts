import { diffSnapshots } from "../hosts";
import { atRest, image, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

// An import has no inputs, so the connection comes from the provider's configuration.
const { provider, host, connection } = helloHost({ provider: (connection) => ({ configuration: { connection } }) });

test("a service that was attached by hand is imported, deployed without a restart, and removed by destroy", async () => {
    const before = await host.snapshot();
    const maker = provider.resource("PortableImage", "hello");
    await maker.up(image(connection, { version: "0.9" }));
    const path = maker.outputs.path as string;
    await onHost(
        host,
        `mv ${path} /var/lib/portables/hello_0.9.raw; rm -rf /var/lib/pulumi-portable
        mkdir /etc/systemd/system/hello.service.d; printf '[Service]\nEnvironment="NAME=hand"\n' >/etc/systemd/system/hello.service.d/hand.conf
        portablectl -q attach --enable /var/lib/portables/hello_0.9.raw; systemctl daemon-reload; systemctl start hello.socket; systemctl start hello.service`,
    );
    expect((await host.http(8080, "/")).body).toBe("Hello, hand!\n");
    const pid = await mainPid(host, "hello.service");

    const [hello, service, dropIn] = [
        provider.resource("PortableImage", "hello"),
        provider.resource("AttachedService", "hello"),
        provider.resource("DropIn", "hand"),
    ];
    expect(await hello.import("/var/lib/portables/hello_0.9.raw")).toBe(true);
    expect(await service.import("hello")).toBe(true);
    expect(await dropIn.import("hello.service/hand.conf")).toBe(true);
    expect(hello.inputs).toMatchObject({ version: "0.9" });
    expect(service.inputs).toMatchObject({ image: "/var/lib/portables/hello_0.9.raw", profile: "default" });
    expect(dropIn.inputs).toMatchObject({
        unit: "hello.service",
        name: "hand.conf",
        text: '[Service]\nEnvironment="NAME=hand"\n',
    });

    // A program with the same inputs: nothing is restarted, and the resources now own what they found.
    const serviceOf = () => ({ image: service.inputs.image, connection });
    await service.up(serviceOf());
    await dropIn.up({
        unit: "hello.service",
        name: "hand.conf",
        sections: { Service: { Environment: { NAME: "hand" } } },
        onChange: "none",
        connection,
    });
    expect(await mainPid(host, "hello.service")).toBe(pid);
    expect(await service.up(serviceOf())).toEqual({ operation: "same", diff: {} });

    // The program's image has the same bytes: nothing is uploaded, and the file stays.
    const since = await onHost(host, `stat -c %i ${hello.outputs.path}`);
    await hello.up(image(connection, { version: "0.9" }));
    expect(hello.outputs.path).toBe("/var/lib/portables/hello_0.9.raw");
    expect(await atRest(host, `stat -c %i ${hello.outputs.path}; ls /var/lib/portables | wc -l`)).toBe(`${since}\n1`);
    expect(provider.warnings()).toEqual([]);
    expect(await service.up(serviceOf())).toEqual({ operation: "same", diff: {} });
    expect(await mainPid(host, "hello.service")).toBe(pid);

    // The next image is an ordinary update.
    await hello.up(image(connection, { version: "2.0" }));
    await service.up({ image: hello.outputs.path, connection });
    expect((await host.http(8080, "/")).body).toBe("Hello, hand!\n");

    await dropIn.destroy();
    await service.destroy();
    await hello.destroy();
    // These directories were made by hand, so destroy leaves them.
    await onHost(host, "rmdir /etc/systemd/system/hello.service.d /etc/portables");
    expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
});

test("the preview names both digests if an imported image isn't what the program builds, and nothing is overwritten", async () => {
    const before = await host.snapshot();
    const maker = provider.resource("PortableImage", "hello");
    await maker.up(image(connection, { mark: "by hand" }));
    await atRest(host, `mv ${maker.outputs.path} /var/lib/portables/hello_0.9.raw; rm -rf /var/lib/pulumi-portable`);
    const found = provider.resource("PortableImage", "hello");
    expect(await found.import("/var/lib/portables/hello_0.9.raw")).toBe(true);
    const { digest } = found.outputs;
    expect(digest).toBe((await onHost(host, "sha256sum </var/lib/portables/hello_0.9.raw")).slice(0, 64));
    provider.warnings({ clear: true });
    const { operation, properties } = await found.preview(image(connection, { version: "0.9" }));
    expect(operation).toBe("update");
    expect(provider.warnings()).toEqual([
        `The image that was imported, /var/lib/portables/hello_0.9.raw, has the SHA-256 ${digest}; the one that is declared has ${properties.digest}, and is uploaded beside it.`,
    ]);
    await found.up(image(connection, { version: "0.9" }));
    expect(found.outputs).toMatchObject({ path: properties.path, digest: properties.digest });
    expect((await onHost(host, "sha256sum </var/lib/portables/hello_0.9.raw")).slice(0, 64)).toBe(digest);
    await found.destroy();
    expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
});

test("an imported image is removed by destroy, unless it is attached", async () => {
    await onHost(host, "mkdir -p -m 700 /var/lib/portables; echo no image >/var/lib/portables/junk_1.raw");
    const before = await host.snapshot();
    const junk = provider.resource("PortableImage", "junk");
    expect(await junk.import("/var/lib/portables/junk_1.raw")).toBe(true);
    await junk.destroy();
    expect(diffSnapshots(before, await host.snapshot())).toEqual([
        expect.stringMatching("^- file /var/lib/portables/junk_1.raw"),
    ]);
});

test("an id without an object is reported as missing", async () => {
    expect(await provider.resource("AttachedService", "none").import("none")).toBe(false);
    expect(await provider.resource("PortableImage", "none").import("/var/lib/portables/none_1.raw")).toBe(false);
    expect(await provider.resource("DropIn", "none").import("hello.service/none.conf")).toBe(false);
    await expect(provider.resource("DropIn", "none").import("none")).rejects.toThrow(
        "DropIn none: none isn't the id of a drop-in. Give unit and file name: hello.service/override.conf.",
    );
});
