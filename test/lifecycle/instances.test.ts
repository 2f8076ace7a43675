import { HIDDEN_MARK, MARK } from "../../provider/host/portabled-252";
import { suites } from "../hosts";
import { failure, type Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

// portabled 252 takes hello-staging for a version of hello.
describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, expectUntouched } = helloHost({ suite });

    const staging = {
        image: provider.resource("PortableImage", `hello-staging-${suite}`),
        service: provider.resource("AttachedService", `hello-staging-${suite}`),
    };
    const production = {
        image: provider.resource("PortableImage", `hello-${suite}`),
        service: provider.resource("AttachedService", `hello-${suite}`),
    };
    const stagingImage = (mark = ""): Json => ({ ...image(connection, { mark }), instance: "staging" });
    const stagingService = (): Json => ({
        image: staging.image.outputs.path,
        dropIns: [
            inlineName("testers", "hello-staging.service"),
            { unit: "hello-staging.socket", sections: { Socket: { ListenStream: ["", "8081"] } } },
        ],
        connection,
    });
    const productionService = (name: string): Json => ({
        image: production.image.outputs.path,
        dropIns: [inlineName(name)],
        connection,
    });
    const pages = async () => Promise.all([8080, 8081].map(async (port) => (await host.http(port, "/")).body.trim()));
    const MARKED = "/etc/systemd/system.attached/hello-staging.*.d/20-portable.conf";
    const mark = () => onHost(host, `head -qn1 ${MARKED} | cut -d "'" -f 1 | uniq`);

    test("the preview of an image of an instance has its names, and `up` its path", async () => {
        await production.image.up(image(connection));
        await production.service.up(productionService("users"));
        const shown = await staging.image.preview(stagingImage());
        expect(Object.keys(shown.properties.unitTexts as Json)).toEqual([
            "hello-staging.service",
            "hello-staging.socket",
        ]);
        await staging.image.up(stagingImage());
        expect(staging.image.outputs.path).toBe(shown.properties.path);
        expect(staging.image.outputs.path).toMatch(/^\/var\/lib\/portables\/hello-staging_1\.0-[0-9a-f]{12}\.raw$/);
    });

    test("an instance that listens on the port of another one is rolled back", async () => {
        const refused = await failure(staging.service.up({ image: staging.image.outputs.path, connection }));
        expect(refused.message).toMatch(/hello-staging\.socket.*Everything was rolled back: nothing is attached\./s);
        expect((await host.http(8080, "/")).body).toBe("Hello, users!\n");
    });

    test("each instance has its own socket, units, runtime directory and user", async () => {
        await staging.service.up(stagingService());
        expect(provider.warnings({ clear: true })).toEqual([expect.stringMatching(/^hello-staging\.socket closes/)]);
        expect(staging.service.outputs).toMatchObject({
            name: "hello-staging",
            unitStates: {
                "hello-staging.service": { active: "active", enablement: "enabled" },
                "hello-staging.socket": { active: "active", enablement: "enabled" },
            },
        });
        expect(await pages()).toEqual(["Hello, users!", "Hello, testers!"]);
        expect(
            await onHost(host, "stat -c %n /run/hello*/control; stat -c %u /run/hello*/control | uniq | wc -l"),
        ).toBe("/run/hello-staging/control\n/run/hello/control\n2");
    });

    test("a release of staging doesn't touch production", async () => {
        const pid = await mainPid(host, "hello.service");
        await staging.image.up(stagingImage("v2"));
        expect(await staging.service.up(stagingService())).toEqual({ operation: "update", diff: { image: "UPDATE" } });
        expect(staging.service.outputs.serving).toBe(staging.image.outputs.path);
        expect(await pages()).toEqual(["Hello, users!", "Hello, testers!"]);
        expect(await mainPid(host, "hello.service")).toBe(pid);
        for (const resource of [...Object.values(production), ...Object.values(staging)]) {
            expect(await resource.refresh()).toBe(true);
            expect(resource.initErrors).toEqual([]);
        }
        expect(await production.service.up(productionService("users"))).toEqual({ operation: "same", diff: {} });
        expect(await staging.image.up(stagingImage("v2"))).toEqual({ operation: "same", diff: {} });
    });

    test("a release of production doesn't touch staging, and systemd sees no change of its units", async () => {
        const others = await mainPid(host, "hello-staging.service");
        await production.image.up(image(connection, { mark: "v2" }));
        await production.service.up(productionService("customers"));
        expect(await pages()).toEqual(["Hello, customers!", "Hello, testers!"]);
        expect(await mainPid(host, "hello-staging.service")).toBe(others);
        expect(await onHost(host, "systemctl show -p NeedDaemonReload --value 'hello-staging.*'")).toBe("no\n\nno");
        expect(await staging.service.refresh()).toBe(true);
        expect(staging.service.initErrors).toEqual([]);
    });

    test("the next update of staging repairs its units after a power cut during an update of production", async () => {
        await onHost(host, `sed -i '1s/^${MARK}/${HIDDEN_MARK}/' ${MARKED}`);
        expect(await mark()).toBe(HIDDEN_MARK);
        expect(await staging.service.refresh()).toBe(true);
        expect(staging.service.outputs.serving).toBe(staging.image.outputs.path);
        await staging.image.up(stagingImage("v3"));
        await staging.service.up(stagingService());
        expect(await mark()).toBe(MARK);
        expect(await pages()).toEqual(["Hello, customers!", "Hello, testers!"]);
    });

    test("destroying production removes nothing of staging except leftovers of interrupted operations", async () => {
        await onHost(
            host,
            `cd /etc/systemd/system.attached && cp hello-staging.service.d/20-portable.conf .pulumi-portable &&
            sed -i '1s/^${MARK}/${HIDDEN_MARK}/' hello-staging.*.d/20-portable.conf &&
            mkdir /var/lib/pulumi-portable/services/hello.back && touch /var/lib/pulumi-portable/services/hello.back/roll-back.new &&
            touch /etc/systemd/system/pulumi-portable-hello.service /var/lib/portables/.part-hello_9.raw`,
        );
        await production.service.destroy();
        expect(await mark()).toBe(MARK);
        await production.image.destroy();
        expect((await host.http(8081, "/")).body).toBe("Hello, testers!\n");
    });

    test("destroying staging last leaves the host as it was", async () => {
        await staging.service.destroy();
        await staging.image.destroy();
        expect(provider.warnings()).toEqual([]);
        await expectUntouched();
    });
});
