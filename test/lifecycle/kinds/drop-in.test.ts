import { suites } from "../../hosts";
import { failure, type Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { A1, environmentOf, KINDS, removed } from "./drop-in-kinds";
import { shown, writeUnits } from "./kinds";

describe.each(suites)("on %s", (suite) => {
    let cleanCommand = "true";
    // Registered before the hook of helloHost that compares the host.
    afterEach(async () => {
        await provider.destroyAll();
        await onHost(host, `{ ${cleanCommand}; } 2>/dev/null; true`);
        cleanCommand = "true";
    });
    const { provider, host, connection } = helloHost({ suite, snapshot: true });

    test.each(KINDS.map((kind) => [kind.what, kind] as const))("%s", async (_, kind) => {
        const { unit, sections, effect, processes } = kind;
        cleanCommand = kind.clean;
        await onHost(host, kind.make);
        const dropIn = provider.resource("DropIn", unit);
        const [effectBefore, processesBefore] = [await onHost(host, effect), await onHost(host, processes)];
        expect(effectBefore).toEqual(kind.before);

        await dropIn.up({ unit, sections, connection, ...kind.inputs });
        expect(await onHost(host, effect)).toEqual(kind.after);
        const processesAfter = await onHost(host, processes);
        expect(processesAfter !== processesBefore).toBe(kind.restarts);
        expect(await dropIn.refresh()).toBe(true);
        expect((await dropIn.up({ unit, sections, connection, ...kind.inputs })).operation).toBe("same");

        await dropIn.destroy();
        expect(await onHost(host, effect)).toEqual(kind.before);
        expect((await onHost(host, processes)) !== processesAfter).toBe(kind.restarts);
        expect(provider.warnings()).toEqual([]);
    });

    test("masked units are refused before anything is changed", async () => {
        cleanCommand =
            "systemctl unmask -q m1.service m2@.service; rm -rf /etc/systemd/system/m[12]*; systemctl daemon-reload";
        await onHost(host, "systemctl mask -q m1.service m2@.service 2>/dev/null; systemctl daemon-reload");
        for (const unit of ["m1.service", "m2@.service", "m2@a.service"]) {
            const failed = await failure(provider.resource("DropIn", unit).up({ unit, sections: A1, connection }));
            expect(failed.isPartial).toBe(false);
            expect(failed.message).toContain(`${unit} is masked`);
        }
        expect(await onHost(host, "ls -d /etc/systemd/system/*.d || true")).not.toContain("m1");
    });

    test("a unit that mustn't be restarted is refused, and a typo is found, for units of every kind", async () => {
        cleanCommand = `systemctl kill -s KILL r1; sleep 0.5; ${removed("r1.service", "tr1.service", "ti3.timer", "ti3.service", "sl1.slice")}; systemctl stop sc2.scope`;
        await writeUnits(
            host,
            {
                "r1.service": "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep infinity\n",
                "ti3.timer": "[Timer]\nOnCalendar=2090-01-01\n",
                "ti3.service": "[Service]\nExecStart=/bin/true\n",
                "sl1.slice": "[Slice]\n",
            },
            "systemctl start r1 && systemd-run -q --unit tr1 sleep infinity && { systemd-run -q --scope --unit sc2 sleep infinity >/dev/null 2>&1 & sleep 0.5; }",
        );
        const refused = async (unit: string, sections: Json, inputs: Json = {}) => {
            const failed = await failure(
                provider.resource("DropIn", `r ${unit}`).up({ unit, sections, connection, ...inputs }),
            );
            expect(failed.isPartial).toBe(false);
            return failed.message;
        };
        expect(await refused("r1.service", A1)).toContain("r1.service can't be restarted");
        expect(await refused("sc2.scope", { Scope: { TasksMax: 5 } }, { onChange: "restart" })).toContain(
            "sc2.scope can't be restarted",
        );
        for (const [unit, section] of [
            ["-.slice", "Slice"],
            ["sl1.slice", "Slice"],
            ["user-.slice", "Slice"],
            ["r1-.service", "Service"],
            ["ti3.timer", "Timer"],
            ["sc2.scope", "Scope"],
            ["tr1.service", "Service"],
            ["-.mount", "Mount"],
        ] as const)
            expect(await refused(unit, { [section]: { TypoHere: 5 } }, { onChange: "none" })).toMatch(
                new RegExp(`${section}.*TypoHere|TypoHere.*${section}`),
            );
    });

    test("a drop-in that another one of the same name hides is reported to have no effect", async () => {
        cleanCommand = `${removed("h1-a.service", "h1-b.service")}; rm -rf /etc/systemd/system.control /etc/systemd/system/h1-a.service.d`;
        await writeUnits(
            host,
            {
                "h1-a.service": "[Service]\nExecStart=/bin/sleep infinity\n",
                "h1-b.service": "[Service]\nExecStart=/bin/sleep infinity\n",
                "/etc/systemd/system.control/h1-a.service.d/override.conf": "[Service]\nEnvironment=A=other\n",
            },
            "systemctl start h1-a h1-b",
        );
        const failed = await failure(
            provider.resource("DropIn", "h1-a").up({ unit: "h1-a.service", sections: A1, connection }),
        );
        expect(failed.message).toContain(
            "h1-a.service reads /etc/systemd/system.control/h1-a.service.d/override.conf in its place",
        );
        expect(await onHost(host, "ls -d /etc/systemd/system/h1-a.service.d || true")).toBe("");
        // With a prefix others do take it.
        const pid = await shown(host, "h1-a.service", "MainPID");
        await provider.resource("DropIn", "h1-").up({ unit: "h1-.service", sections: A1, connection });
        expect(provider.warnings({ clear: true })).toEqual([expect.stringContaining("h1-a.service doesn't read")]);
        expect(await shown(host, "h1-a.service", "MainPID")).toEqual(pid);
        expect(await onHost(host, environmentOf("h1-b.service"))).toBe("A=1");
    });
});
