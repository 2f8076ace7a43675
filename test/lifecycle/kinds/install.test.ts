import { suites } from "../../hosts";
import type { Json } from "../deployment";
import { onHost } from "../hello";
import { helloService, idle, imageOf, links, shown, writeUnits } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, hello, service, deploy } = helloService(suite);
    const inputs = (rest: Json = {}) => ({ image: hello.outputs.path, connection, ...rest });
    /** Fails unless the links are the expected ones, which `systemctl reenable` must make, too. */
    async function expectAsReenabled(units: string, expected: string[], pattern?: string): Promise<void> {
        expect(await links(host, pattern)).toEqual(expected);
        await onHost(host, `systemctl -q reenable ${units}`);
        expect(await links(host, pattern)).toEqual(expected);
    }
    const TARGET = "[Unit]\nDescription=All of hello\n[Install]\nWantedBy=multi-user.target\n";

    test("after a change of WantedBy=, RequiredBy= and Alias=, the links are those of `systemctl reenable`", async () => {
        await deploy("1", {
            "hello.service": idle(
                "[Install]\nWantedBy=multi-user.target\nRequiredBy=basic.target\nAlias=www.service\n",
            ),
        });
        expect(await links(host)).toEqual([
            "basic.target.requires/hello.service",
            "multi-user.target.wants/hello.service",
            "www.service",
        ]);
        const before = (hello.outputs.unitTexts as Json)["hello.service"];
        const second = {
            "hello.service": idle("[Install]\nWantedBy=hello.target\nAlias=web.service\n"),
            "hello.target": TARGET,
        };
        // The preview shows the changed lines of [Install].
        const preview = await hello.preview(imageOf(connection, "2", second));
        expect(Object.keys(preview.diff)).toContain('unitTexts["hello.service"]');
        expect((preview.properties.unitTexts as Json)["hello.service"]).not.toBe(before);
        await deploy("2", second);
        expect(service.outputs.unitStates).toMatchObject({
            "hello.service": { enablement: "enabled", links: ["hello.target.wants/hello.service", "web.service"] },
            "hello.target": { enablement: "enabled", links: ["multi-user.target.wants/hello.target"] },
        });
        await expectAsReenabled("hello.service hello.target", [
            "hello.target.wants/hello.service",
            "multi-user.target.wants/hello.target",
            "web.service",
        ]);
        expect((await shown(host, "web.service", "Id")).Id).toBe("hello.service");
        expect((await shown(host, "www.service", "LoadState")).LoadState).toBe("not-found");
        // The next run finds no change, and disabling the service removes all its links.
        expect((await service.up(inputs())).operation).toBe("same");
        await deploy("3", { "hello.service": idle("") }, { units: { "hello.service": { start: true } } });
        expect(await links(host)).toEqual([]);
        expect(service.outputs.unitStates).toMatchObject({
            "hello.service": { active: "active", enablement: "static" },
        });
    });

    test("links that were made or removed by hand are reported by refresh and repaired by up", async () => {
        await deploy("1", { "hello.service": idle("[Install]\nWantedBy=multi-user.target\nAlias=www.service\n") });
        const expected = ["multi-user.target.wants/hello.service", "www.service"];
        for (const [command, problem] of [
            ["rm /etc/systemd/system/www.service", "www.service is missing"],
            [
                "systemctl -q add-wants graphical.target hello.service",
                "graphical.target.wants/hello.service isn't in its [Install] section",
            ],
            [
                "ln -s /etc/systemd/system.attached/hello.service /etc/systemd/system/other.service",
                "other.service isn't in its [Install] section",
            ],
            [
                "rm /etc/systemd/system/multi-user.target.wants/hello.service",
                "multi-user.target.wants/hello.service is missing",
            ],
        ] as const) {
            await onHost(host, `${command}; systemctl daemon-reload`);
            expect(await service.refresh()).toBe(true);
            expect(service.initErrors).toEqual([expect.stringContaining(problem)]);
            expect((await service.up(inputs())).operation).toBe("update");
            await expectAsReenabled("hello.service", expected, "'*hello*' -o -name www.service -o -name other.service");
            expect(await service.refresh()).toBe(true);
            expect(service.initErrors).toEqual([]);
            expect((await service.up(inputs())).operation).toBe("same");
        }
    });

    test("Also= of an image's unit enables the other unit, unless an override disables it", async () => {
        const units = (also: string) => ({
            "hello.service": idle(`[Install]\n${also}`),
            "hello-b.service": idle("[Install]\nWantedBy=multi-user.target\n", "b"),
        });
        await deploy("1", units("Also=hello-b.service\n"));
        expect(await links(host)).toEqual(["multi-user.target.wants/hello-b.service"]);
        expect((await service.up(inputs())).operation).toBe("same");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        const off = { units: { "hello-b.service": { enable: false, start: false } } };
        await deploy("2", units("WantedBy=multi-user.target\nAlso=hello-b.service\n"), off);
        expect(await links(host)).toEqual(["multi-user.target.wants/hello.service"]);
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        expect((await service.up(inputs(off))).operation).toBe("same");
    });

    test("a unit of the host in Also= is enabled with the service; refresh reports it as disabled, and up repairs it", async () => {
        await writeUnits(host, {
            "other.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=basic.target\n",
        });
        const also = (rest: string) => ({ "hello.service": idle(`[Install]\n${rest}Also=other.service\n`) });
        const isEnabled = () => onHost(host, "systemctl is-enabled other.service || true");
        await deploy("1", also(""), { units: { "hello.service": { start: true } } });
        expect(await isEnabled()).toBe("enabled");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        await onHost(host, "systemctl -q disable other.service");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([
            expect.stringContaining("other.service is disabled, though Also= of hello.service enables it"),
        ]);
        await deploy("1", also(""), { units: { "hello.service": { start: true } } });
        expect(await isEnabled()).toBe("enabled");
        await onHost(host, "systemctl -q disable other.service");
        await deploy("2", also("WantedBy=multi-user.target\n"));
        expect(await links(host, "'*hello*' -o -name other.service")).toEqual([
            "basic.target.wants/other.service",
            "multi-user.target.wants/hello.service",
        ]);
        await provider.destroyAll();
        expect(await isEnabled()).toBe("disabled");
        await onHost(host, "rm /etc/systemd/system/other.service; systemctl daemon-reload");
    });

    test("specifiers in [Install] are resolved as the host does", async () => {
        const units = {
            "hello.service": idle("[Install]\nWantedBy=on-%H.target for-%p.target\nAlias=%m.service\n"),
            "hello@.service": idle("[Install]\nWantedBy=at-%i.target\nAlias=x-%p@.service\nDefaultInstance=%l\n"),
        };
        const inputs = { units: { "hello@b.service": { enable: true, start: false } } };
        await deploy("1", units, inputs);
        const [name = "", id = ""] = (await onHost(host, "hostname; cat /etc/machine-id")).split("\n");
        await expectAsReenabled(
            "hello.service hello@.service hello@b.service",
            [
                `${id}.service`,
                `at-${name}.target.wants/hello@${name}.service`,
                "at-b.target.wants/hello@b.service",
                "for-hello.target.wants/hello.service",
                `on-${name}.target.wants/hello.service`,
                "x-hello@.service",
                "x-hello@b.service",
            ].sort(),
        );
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        await deploy("2", { "hello.service": idle() });
        expect(await links(host)).toEqual(["multi-user.target.wants/hello.service"]);
    });

    test("[Install] in a drop-in is applied", async () => {
        const dropIn = (target: string) => ({
            dropIns: [{ unit: "hello.service", text: `[Install]\nWantedBy=\nWantedBy=${target}\n` }],
        });
        await deploy("1", { "hello.service": idle() }, dropIn("basic.target"));
        await expectAsReenabled("hello.service", ["basic.target.wants/hello.service"]);
        await service.preview(inputs(dropIn("sysinit.target")));
        await provider.expectText(/enables hello\.service otherwise, by its \[Install\]/);
        await service.up(inputs(dropIn("sysinit.target")));
        await expectAsReenabled("hello.service", ["sysinit.target.wants/hello.service"]);
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        await service.up(inputs());
        await expectAsReenabled("hello.service", ["multi-user.target.wants/hello.service"]);
    });

    test("a failed update restores the links", async () => {
        await deploy("1", { "hello.service": idle("[Install]\nWantedBy=multi-user.target\nAlias=www.service\n") });
        const before = await links(host);
        const crash =
            "[Service]\nExecStart=/usr/bin/idle\nExecStartPre=/usr/bin/none\n[Install]\nWantedBy=basic.target\n";
        await expect(deploy("2", { "hello.service": crash })).rejects.toThrow();
        expect(await links(host)).toEqual(before);
        expect((await shown(host, "www.service", "Id", "ActiveState")).ActiveState).toBe("active");
    });

    test("`units` and `dropIns` may name a unit by its alias", async () => {
        await deploy(
            "1",
            { "hello.service": idle("[Install]\nWantedBy=multi-user.target\nAlias=www.service\n") },
            {
                units: { "www.service": { start: true } },
                dropIns: [{ unit: "www.service", sections: { Service: { Environment: { A: "1" } } } }],
            },
        );
        const environment = () =>
            onHost(
                host,
                `tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value hello.service)/environ | grep '^A=' || true`,
            );
        expect(await environment()).toBe("A=1");
        await service.up(
            inputs({ dropIns: [{ unit: "www.service", sections: { Service: { Environment: { A: "2" } } } }] }),
        );
        expect(await environment()).toBe("A=2");
        expect(provider.warnings()).toEqual([]);
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
        // An alias exists only while its unit is enabled.
        const dropIns = [{ unit: "www.service", sections: { Service: { Environment: { A: "3" } } } }];
        await service.up(inputs({ dropIns, units: { "hello.service": { enable: false } } }));
        expect(provider.warnings({ clear: true })).toEqual([
            expect.stringContaining("hello.service doesn't read /etc/systemd/system/www.service.d/50-portable.conf"),
        ]);
    });
});
