import { suites } from "../hosts";
import type { Json } from "./deployment";
import { atRest, image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, expectUntouched } = helloHost({ suite });

    const [hello, service, page] = [
        provider.resource("PortableImage", `hello-${suite}`),
        provider.resource("AttachedService", `hello-${suite}`),
        provider.resource("DropIn", `hello-page-${suite}`),
    ];
    const serviceOf = (name: string): Json => ({
        image: hello.outputs.path,
        dropIns: [inlineName(name)],
        connection,
    });
    const pageOf = (content: string): Json => ({
        unit: "hello.service",
        name: "page.conf",
        sections: { Service: { BindReadOnlyPaths: ["/etc/hello"] } },
        files: {
            "/etc/hello/page.html": { content },
            "/etc/hello/deep/key": { content: "k", mode: "0640", owner: "deploy", group: "daemon" },
        },
        onChange: "reload",
        connection,
    });
    const body = async () => (await host.http(8080, "/")).body;

    test("an image is created at the path that its preview showed", async () => {
        const shown = await hello.preview(image(connection));
        expect(shown.operation).toBe("create");
        await hello.up(image(connection));
        expect(hello.outputs).toMatchObject({
            path: shown.properties.path,
            digest: shown.properties.digest,
            unitTexts: { "hello.service": expect.stringContaining("ExecStart=/usr/bin/hello") },
            machineId: await onHost(host, "cat /etc/machine-id"),
        });
        expect(await atRest(host, "sha256sum /var/lib/portables/*; stat -c '%a %U:%G' /var/lib/portables/*")).toBe(
            `${hello.outputs.digest}  ${hello.outputs.path}\n644 root:root`,
        );
    });

    test("a service is attached from the image, enabled and started", async () => {
        await service.up(serviceOf("one"));
        expect(service.outputs).toMatchObject({
            name: "hello",
            serving: hello.outputs.path,
            unitStates: {
                "hello.service": { load: "loaded", active: "active", sub: "running", enablement: "enabled" },
                "hello.socket": { load: "loaded", active: "active", sub: "running", enablement: "enabled" },
            },
        });
        expect(await body()).toBe("Hello, one!\n");
        expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(hello.outputs.path);
    });

    test("a drop-in and its files are written with modes and owners, and take effect", async () => {
        await page.up(pageOf("<p>{$NAME}</p>\n"));
        expect(await body()).toBe("<p>one</p>\n");
        expect(
            await onHost(
                host,
                "stat -c '%a %U:%G %n' /etc/hello /etc/hello/* /etc/hello/*/* /etc/systemd/system/hello.service.d/*",
            ),
        ).toBe(
            [
                "755 root:root /etc/hello",
                "755 root:root /etc/hello/deep",
                "644 root:root /etc/hello/page.html",
                "640 deploy:daemon /etc/hello/deep/key",
                "644 root:root /etc/systemd/system/hello.service.d/50-portable.conf",
                "644 root:root /etc/systemd/system/hello.service.d/page.conf",
            ].join("\n"),
        );
    });

    test("without a change an update does nothing, and a refresh finds no difference", async () => {
        for (const resource of [hello, service, page]) {
            expect(await resource.refresh()).toBe(true);
            expect(resource.initErrors).toEqual([]);
        }
        expect(await hello.up(image(connection))).toEqual({ operation: "same", diff: {} });
        expect(await service.up(serviceOf("one"))).toEqual({ operation: "same", diff: {} });
        expect(await page.up(pageOf("<p>{$NAME}</p>\n"))).toEqual({ operation: "same", diff: {} });
    });

    test("a changed host file reloads the service", async () => {
        const pid = await mainPid(host, "hello.service");
        expect(await page.up(pageOf("<b>{$NAME}</b>\n"))).toEqual({
            operation: "update",
            diff: { 'files["/etc/hello/page.html"].content': "UPDATE" },
        });
        expect(await mainPid(host, "hello.service")).toBe(pid);
        expect(await body()).toBe("<b>one</b>\n");
    });

    test("a changed drop-in restarts the service", async () => {
        expect(await service.up(serviceOf("two"))).toEqual({
            operation: "update",
            diff: { "dropIns[0].sections.Service.Environment.NAME": "UPDATE" },
        });
        expect(await body()).toBe("<b>two</b>\n");
    });

    test("a new image is uploaded beside the old one, which is kept for a rollback without an upload", async () => {
        const old = hello.outputs.path;
        const change = await hello.preview(image(connection, { mark: "v2" }));
        expect(change.diff).toEqual({
            'source.files.tree["/usr/share/mark"].content': "UPDATE",
            'contents["/usr/share/mark"]': "UPDATE",
        });
        expect(change.properties.path).not.toBe(old);
        await hello.up(image(connection, { mark: "v2" }));
        expect(hello.outputs.path).toBe(change.properties.path);
        expect((await atRest(host, "ls /var/lib/portables")).split("\n")).toHaveLength(2);
        expect(await service.up(serviceOf("two"))).toEqual({ operation: "update", diff: { image: "UPDATE" } });
        expect(service.outputs.serving).toBe(hello.outputs.path);
        expect(hello.outputs.retained).toEqual([hello.outputs.path, old]);
        expect(await body()).toBe("<b>two</b>\n");
    });

    test("nothing of the update stays loaded, and systemd has nothing to reload", async () => {
        expect(await atRest(host, "systemctl list-units --all --plain --no-legend 'pulumi-portable*'")).toBe("");
        expect(await atRest(host, "systemctl show -p NeedDaemonReload --value 'hello*'")).not.toContain("yes");
    });

    test("destroying the resources in the engine's order leaves the host as it was", async () => {
        await page.destroy();
        expect(await body()).toBe("Hello, two!\n");
        await service.destroy();
        await hello.destroy();
        expect(provider.warnings()).toEqual([]);
        await expectUntouched();
    });
});
