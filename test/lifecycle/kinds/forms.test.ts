import { suites } from "../../hosts";
import { failure } from "../deployment";
import { mainPid, onHost } from "../hello";
import { helloService, idle, shown } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, hello, service, deploy } = helloService(suite);

    test("owners and groups by number, and modes in other forms, aren't reported as changes", async () => {
        const uid = await onHost(host, "id -u deploy");
        const files = {
            "/srv/hello/root": { content: "r", owner: "0", group: "0" },
            "/srv/hello/user": { content: "u", owner: uid, group: "00", mode: "0640" },
            "/srv/hello/nobody": { content: "n", owner: "4711", group: "4712", mode: "0000" },
        };
        await deploy("1", { "hello.service": idle() }, { files });
        const pid = await mainPid(host, "hello.service");
        const again = { image: hello.outputs.path, connection, files };
        expect((await service.up(again)).operation).toBe("same");
        expect(await service.refresh()).toBe(true);
        expect(await service.up(again)).toEqual({ operation: "same", diff: {} });
        const dropIns = [{ unit: "hello.service", name: "a.conf", text: "# nothing\n" }];
        await service.up({ ...again, dropIns });
        const restarted = await mainPid(host, "hello.service");
        expect(restarted).not.toBe(pid);
        // The same owner by name is no change.
        const named = { ...files, "/srv/hello/user": { ...files["/srv/hello/user"], owner: "deploy" } };
        await service.up({ ...again, dropIns, files: named });
        expect(await mainPid(host, "hello.service")).toBe(restarted);
        await onHost(host, "chown deploy /srv/hello/root");
        expect(await service.refresh()).toBe(true);
        expect((await service.diff({ ...again, dropIns, files: named })).diff).toEqual({
            'hostFiles["/srv/hello/root"]': "UPDATE",
        });

        const dropIn = provider.resource("DropIn", "d");
        const declared = {
            unit: "hello.service",
            name: "b.conf",
            text: "# b\n",
            connection,
            files: { "/srv/d": { content: "d", owner: "0", group: uid } },
        };
        await dropIn.up(declared);
        expect(await dropIn.refresh()).toBe(true);
        expect(await dropIn.up(declared)).toEqual({ operation: "same", diff: {} });
    });

    test("images can be deployed where /var/lib/portables is a symbolic link", async () => {
        await onHost(
            host,
            "mkdir -p /srv/big; rm -rf /srv/big/portables; mv /var/lib/portables /srv/big/portables 2>/dev/null || mkdir -m 0700 /srv/big/portables; ln -s /srv/big/portables /var/lib/portables",
        );
        try {
            for (const version of ["1", "2"]) {
                await deploy(version, { "hello.service": idle() });
                expect(service.outputs.serving).toBe(hello.outputs.path);
                const declared = { image: hello.outputs.path, connection };
                expect(await service.up(declared)).toEqual({ operation: "same", diff: {} });
                expect(await service.refresh()).toBe(true);
                expect(await hello.refresh()).toBe(true);
                expect(await service.up(declared)).toEqual({ operation: "same", diff: {} });
                expect((await shown(host, "hello.service", "ActiveState")).ActiveState).toBe("active");
            }
            // A stopped service keeps its image.
            await onHost(host, "systemctl stop hello.service");
            await service.destroy();
            await hello.destroy();
            expect(await onHost(host, "ls /srv/big/portables")).toBe("");
        } finally {
            await onHost(host, "rm /var/lib/portables; mv /srv/big/portables /var/lib/portables; rmdir /srv/big");
        }
    });

    test("an image's path may contain // or symbolic links", async () => {
        await deploy("1", { "hello.service": idle() });
        const pid = await mainPid(host, "hello.service");
        await onHost(host, "ln -s /var/lib/portables /srv/images");
        try {
            const file = (hello.outputs.path as string).split("/").pop();
            for (const image of [
                `/var/lib//portables/${file}`,
                `/srv/images/${file}`,
                `/var/lib/./portables/${file}`,
            ]) {
                await service.up({ image, connection });
                expect(service.outputs.serving).toBe(image);
                expect(await service.refresh()).toBe(true);
                expect(await service.up({ image, connection })).toEqual({ operation: "same", diff: {} });
            }
            expect(await mainPid(host, "hello.service")).toBe(pid);
        } finally {
            await onHost(host, "rm /srv/images");
        }
    });

    test("units whose names have escapes can be deployed", async () => {
        const units = {
            "hello-a\\x2db.service": idle(),
            "hello-a\\x2db@.service": idle(
                "[Install]\nWantedBy=multi-user.target\nDefaultInstance=x\\\\x2dy\n",
                "t",
            ).replace("\\\\x2d", "\\x2d"),
        };
        const dropIn = (value: string) => [
            { unit: "hello-a\\x2db.service", sections: { Service: { Environment: { A: value } } } },
        ];
        await deploy("1", units, { dropIns: dropIn("1") });
        await deploy("2", units, { dropIns: dropIn("2") });
        expect(service.outputs.unitStates).toMatchObject({
            "hello-a\\x2db.service": { active: "active", enablement: "enabled" },
            "hello-a\\x2db@.service": { active: "template", load: "loaded" },
        });
        expect(await onHost(host, "systemctl show -p Environment --value 'hello-a\\x2db.service'")).toContain("A=2");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
    });

    test("paths of host files that aren't normalized are refused", async () => {
        for (const path of ["/srv//x", "/srv/./x", "/srv/../x", "/srv/x/"]) {
            const dropIn = provider.resource("DropIn", "d");
            const failed = await failure(
                dropIn.up({ unit: "ssh.service", text: "#\n", files: { [path]: { content: "" } }, connection }),
            );
            expect(failed.isPartial).toBe(false);
        }
    });
});
