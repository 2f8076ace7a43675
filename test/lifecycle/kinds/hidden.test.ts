import { suites } from "../../hosts";
import { type Deployment, failure, type Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { idle, imageOf, shown } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    afterEach(async () => {
        await onHost(
            host,
            "rm -f /etc/systemd/system/hello*.service /run/systemd/system/hello*; systemctl daemon-reload",
        );
        await provider.destroyAll();
    });
    const { provider, host, connection } = helloHost({ suite, snapshot: true });
    let hello: Deployment;
    let service: Deployment;
    beforeEach(async () => {
        hello = provider.resource("PortableImage", "hello");
        service = provider.resource("AttachedService", "hello");
        await deploy("1");
    });
    const units = { "hello.service": idle(), "hello-b.service": idle("", "b") };
    async function deploy(version: string, inputs: Json = {}): Promise<void> {
        await hello.up(imageOf(connection, version, { ...units, "hello-c.service": idle("", version) }));
        await service.up({ image: hello.outputs.path, connection, ...inputs });
    }
    const copy = "/etc/systemd/system/hello.service";

    test.each([
        ["read by systemd", "systemctl daemon-reload"],
        ["not read yet", "true"],
    ])(
        "a full copy of a unit that hides the image's, %s, is refused before any change and reported by refresh",
        async (_, then) => {
            const attached = service.outputs.serving;
            await onHost(host, `printf '[Service]\\nExecStart=/usr/bin/idle copy\\n' >${copy}; ${then}`);
            const pid = await shown(host, "hello.service", "MainPID");
            const failed = await failure(deploy("2"));
            expect(failed.isPartial).toBe(false);
            expect(failed.message).toContain(`${copy} hides the unit hello.service of the image`);
            expect(await shown(host, "hello.service", "MainPID")).toEqual(pid);
            expect(await onHost(host, "readlink /etc/portables/*")).toBe(attached);
            expect(await service.refresh()).toBe(true);
            expect(service.initErrors).toContainEqual(expect.stringContaining(`${copy} hides the unit hello.service`));
            await onHost(host, `rm ${copy}; systemctl daemon-reload`);
            await deploy("2");
            expect(await shown(host, "hello.service", "FragmentPath")).toEqual({
                FragmentPath: "/etc/systemd/system.attached/hello.service",
            });
        },
    );

    test("a masked unit is refused unless it isn't to be running", async () => {
        await onHost(host, "systemctl mask -q hello.service hello-b.service");
        // One that isn't to be running may be masked, the other not.
        const failed = await failure(deploy("2", { units: { "hello.service": { enable: false, start: true } } }));
        expect(failed.isPartial).toBe(false);
        expect(failed.message).toContain("hello.service is masked");
        expect((await shown(host, "hello.service", "ActiveState")).ActiveState).toBe("active");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toContainEqual(expect.stringContaining("hello.service is masked"));
        await onHost(host, "systemctl unmask -q hello.service");
        await deploy("2");
        expect(service.outputs.unitStates).toMatchObject({
            "hello.service": { active: "active", load: "loaded" },
            "hello-b.service": { load: "masked" },
        });
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
    });

    test("a rollback while one unit of the service is masked starts the other units with the old image", async () => {
        const deployBoth = async (version: string, health?: Json) => {
            const [a, b] = [idle(undefined, version), idle(undefined, version)];
            await hello.up(imageOf(connection, version, { "hello.service": a, "hello-b.service": b }));
            await service.up({ image: hello.outputs.path, connection, ...(health && { health }) });
        };
        await deployBoth("old");
        const masks = "systemctl -q mask hello-b.service; exit 1";
        const failed = await failure(
            deployBoth("new", { command: { command: ["sh", "-c", masks] }, timeoutSeconds: 1 }),
        );
        await onHost(host, "systemctl -q unmask hello-b.service");
        expect(failed.message).toContain(
            "The previous image is attached again, but it isn't running: hello-b.service couldn't be restarted: it still runs the image that failed.",
        );
        const program = (unit: string) =>
            onHost(host, `tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value ${unit})/cmdline`);
        expect(await program("hello.service")).toBe("/usr/bin/idle old");
        await deployBoth("third");
        expect(await program("hello-b.service")).toBe("/usr/bin/idle third");
    });

    test("a drop-in of the service that another one of the same name hides is refused", async () => {
        const control = "/etc/systemd/system.control/hello.service.d";
        await onHost(host, `mkdir -p ${control}; printf '[Service]\\nEnvironment=A=0\\n' >${control}/50-portable.conf`);
        const dropIns = [{ unit: "hello.service", sections: { Service: { Environment: { A: "1" } } } }];
        const failed = await failure(deploy("2", { dropIns }));
        await onHost(host, "rm -r /etc/systemd/system.control; systemctl daemon-reload");
        expect(failed.message).toContain(`hello.service reads ${control}/50-portable.conf in its place`);
        await deploy("2", { dropIns });
        expect(await onHost(host, "systemctl show -p Environment --value hello.service")).toContain("A=1");
        expect(provider.warnings()).toEqual([]);
    });
});
