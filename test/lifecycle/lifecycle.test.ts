import { suites } from "../hosts";
import type { Json } from "./deployment";
import { atRest, image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, expectUntouched } = helloHost({ suite });

    test("image, service and drop-in come, change and go, and leave the host as it was", async () => {
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

        // Created: the preview knows the path, and so does the host.
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

        await service.up(serviceOf("one"));
        expect(service.outputs).toMatchObject({
            name: "hello",
            serving: hello.outputs.path,
            units: {
                "hello.service": { load: "loaded", active: "active", sub: "running", enablement: "enabled" },
                "hello.socket": { load: "loaded", active: "active", sub: "running", enablement: "enabled" },
            },
        });
        expect((await host.http(8080, "/")).body).toBe("Hello, one!\n");
        expect(await onHost(host, "systemctl show -p RootImage --value hello.service")).toBe(hello.outputs.path);

        await page.up(pageOf("<p>{$NAME}</p>\n"));
        expect((await host.http(8080, "/")).body).toBe("<p>one</p>\n");
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

        // Nothing changed: nothing is done, and Read finds what is declared.
        const pid = await mainPid(host, "hello.service");
        for (const resource of [hello, service, page]) {
            expect(await resource.refresh()).toBe(true);
            expect(resource.initErrors).toEqual([]);
        }
        expect(await hello.up(image(connection))).toEqual({ operation: "same", diff: {} });
        expect(await service.up(serviceOf("one"))).toEqual({ operation: "same", diff: {} });
        expect(await page.up(pageOf("<p>{$NAME}</p>\n"))).toEqual({ operation: "same", diff: {} });

        // A page alone is a reload; a name is one restart; an image is an update beside the old file.
        expect(await page.up(pageOf("<b>{$NAME}</b>\n"))).toEqual({
            operation: "update",
            diff: { 'files["/etc/hello/page.html"].content': "UPDATE" },
        });
        expect(await mainPid(host, "hello.service")).toBe(pid);
        expect((await host.http(8080, "/")).body).toBe("<b>one</b>\n");
        expect(await service.up(serviceOf("two"))).toEqual({
            operation: "update",
            diff: { "dropIns[0].sections.Service.Environment.NAME": "UPDATE" },
        });
        expect((await host.http(8080, "/")).body).toBe("<b>two</b>\n");

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
        // One image back stays for a way back without an upload.
        expect(hello.outputs.retained).toEqual([hello.outputs.path, old]);
        expect((await host.http(8080, "/")).body).toBe("<b>two</b>\n");

        // Gone, in the order of the engine.
        await page.destroy();
        expect((await host.http(8080, "/")).body).toBe("Hello, two!\n");
        await service.destroy();
        await hello.destroy();
        expect(provider.warnings()).toEqual([]);
        await expectUntouched();
    });
});
