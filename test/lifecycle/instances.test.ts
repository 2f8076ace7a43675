import { HIDDEN_MARK, MARK } from "../../provider/host/portabled-252";
import { suites } from "../hosts";
import { failure, type Json } from "./deployment";
import { image, inlineName, mainPid, onHost } from "./hello";
import { helloHost } from "./hello-host";

// portabled of bookworm takes hello-staging for a version of hello.
describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, expectUntouched } = helloHost({ suite });

    test("staging stands beside production: each with its socket, directory and releases, and each goes alone", async () => {
        const made = (name: string) =>
            [provider.resource("PortableImage", name), provider.resource("AttachedService", name)] as const;
        const [image1, production] = made(`hello-${suite}`);
        const [image2, staging] = made(`hello-staging-${suite}`);
        const ofStaging = (mark = ""): Json => ({ ...image(connection, { mark }), instance: "staging" });
        const stagingOf = (name: string): Json => ({
            image: image2.outputs.path,
            dropIns: [
                inlineName(name, "hello-staging.service"),
                { unit: "hello-staging.socket", sections: { Socket: { ListenStream: ["", "8081"] } } },
            ],
            connection,
        });
        const pages = async () =>
            Promise.all([8080, 8081].map(async (port) => (await host.http(port, "/")).body.trim()));

        await image1.up(image(connection));
        await production.up({ image: image1.outputs.path, dropIns: [inlineName("users")], connection });
        const shown = await image2.preview(ofStaging());
        expect(Object.keys(shown.properties.unitTexts as Json)).toEqual([
            "hello-staging.service",
            "hello-staging.socket",
        ]);
        await image2.up(ofStaging());
        expect(image2.outputs.path).toBe(shown.properties.path);
        expect(image2.outputs.path).toMatch(/^\/var\/lib\/portables\/hello-staging_1\.0-[0-9a-f]{12}\.raw$/);
        // On the port that production has it can't stand, and is taken back.
        const refused = await failure(staging.up({ image: image2.outputs.path, connection }));
        expect(refused.message).toMatch(/hello-staging\.socket.*Everything was rolled back: nothing is attached\./s);
        expect((await host.http(8080, "/")).body).toBe("Hello, users!\n");
        await staging.up(stagingOf("testers"));
        expect(provider.warnings({ clear: true })).toEqual([expect.stringMatching(/^hello-staging\.socket closes/)]);
        expect(staging.outputs).toMatchObject({
            name: "hello-staging",
            units: {
                "hello-staging.service": { active: "active", enablement: "enabled" },
                "hello-staging.socket": { active: "active", enablement: "enabled" },
            },
        });
        expect(await pages()).toEqual(["Hello, users!", "Hello, testers!"]);
        expect(
            await onHost(host, "stat -c %n /run/hello*/control; stat -c %u /run/hello*/control | uniq | wc -l"),
        ).toBe("/run/hello-staging/control\n/run/hello/control\n2");

        // A release of staging is nothing to production.
        const pid = await mainPid(host, "hello.service");
        await image2.up(ofStaging("v2"));
        expect(await staging.up(stagingOf("testers"))).toEqual({ operation: "update", diff: { image: "UPDATE" } });
        expect(staging.outputs.serving).toBe(image2.outputs.path);
        expect(await pages()).toEqual(["Hello, users!", "Hello, testers!"]);
        expect(await mainPid(host, "hello.service")).toBe(pid);
        for (const resource of [image1, production, image2, staging]) {
            expect(await resource.refresh()).toBe(true);
            expect(resource.initErrors).toEqual([]);
        }
        expect(await production.up({ image: image1.outputs.path, dropIns: [inlineName("users")], connection })).toEqual(
            {
                operation: "same",
                diff: {},
            },
        );
        expect(await image2.up(ofStaging("v2"))).toEqual({ operation: "same", diff: {} });

        // Nor is one of production to staging, whose units systemd doesn't even see touched.
        const others = await mainPid(host, "hello-staging.service");
        await image1.up(image(connection, { mark: "v2" }));
        await production.up({ image: image1.outputs.path, dropIns: [inlineName("customers")], connection });
        expect(await pages()).toEqual(["Hello, customers!", "Hello, testers!"]);
        expect(await mainPid(host, "hello-staging.service")).toBe(others);
        expect(await onHost(host, "systemctl show -p NeedDaemonReload --value 'hello-staging.*'")).toBe("no\n\nno");
        expect(await staging.refresh()).toBe(true);
        expect(staging.initErrors).toEqual([]);

        // A host that lost power in the middle of that: the units of staging are still its own, and its next update mends them.
        const mark =
            'head -qn1 /etc/systemd/system.attached/hello-staging.*.d/20-portable.conf | cut -d "\'" -f 1 | uniq';
        await onHost(
            host,
            `sed -i '1s/^${MARK}/${HIDDEN_MARK}/' /etc/systemd/system.attached/hello-staging.*.d/20-portable.conf`,
        );
        expect(await onHost(host, mark)).toBe(HIDDEN_MARK);
        expect(await staging.refresh()).toBe(true);
        expect(staging.outputs.serving).toBe(image2.outputs.path);
        await image2.up(ofStaging("v3"));
        await staging.up(stagingOf("testers"));
        expect(await onHost(host, mark)).toBe(MARK);
        expect(await pages()).toEqual(["Hello, customers!", "Hello, testers!"]);

        // Production goes first: what is named after it stays, and what operations that were cut off had left goes too.
        await onHost(
            host,
            `cd /etc/systemd/system.attached && cp hello-staging.service.d/20-portable.conf .pulumi-portable &&
            sed -i '1s/^${MARK}/${HIDDEN_MARK}/' hello-staging.*.d/20-portable.conf &&
            mkdir /var/lib/pulumi-portable/services/hello.back && touch /var/lib/pulumi-portable/services/hello.back/roll-back.new &&
            touch /etc/systemd/system/pulumi-portable-hello.service /var/lib/portables/.part-hello_9.raw`,
        );
        await production.destroy();
        expect(await onHost(host, mark)).toBe(MARK);
        await image1.destroy();
        expect((await host.http(8081, "/")).body).toBe("Hello, testers!\n");
        await staging.destroy();
        await image2.destroy();
        expect(provider.warnings()).toEqual([]);
        await expectUntouched();
    });
});
