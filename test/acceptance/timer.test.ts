import type { TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { eventually, journal, onEveryEngine, shown } from "./on-every-engine";

onEveryEngine("timer", { prepare: ({ example }) => example.build() }, (scene) => {
    const host = () => scene.hosts[0] as TestHost;
    const reports = async () =>
        (await journal(host(), "visits-report.service")).filter((line) => line.endsWith("visits so far"));

    test(
        "several services in one image are attached, enabled and started together",
        async () => {
            const { outputs } = await scene.stack.up();
            const loaded = (active: string, sub: string, enablement = "enabled") => ({
                load: "loaded",
                active,
                sub,
                enablement,
                links: expect.any(Array),
            });
            expect(outputs.units).toEqual({
                "visits-web.service": loaded("active", "running"),
                "visits-web.socket": loaded("active", "running"),
                "visits-worker.service": loaded("active", "running"),
                "visits-worker.socket": loaded("active", "running"),
                "visits-report.service": expect.objectContaining({ load: "loaded", enablement: "static" }),
                "visits-report.timer": expect.objectContaining({ active: "active", enablement: "enabled" }),
            });
            const units = Object.keys(outputs.units as object).filter((unit) => unit.endsWith(".service"));
            const roots = await Promise.all(units.map((unit) => shown(host(), unit, "RootImage")));
            expect(new Set(roots).size).toBe(1);
        },
        RUN_TIMEOUT_MS,
    );

    test("web and worker: each visit of one is counted by the other", async () => {
        const visits = [await host().http(8080, "/"), await host().http(8080, "/")];
        expect(visits).toEqual([
            { status: 200, body: "You are visitor 1.\n" },
            { status: 200, body: "You are visitor 2.\n" },
        ]);
    });

    test("timer: systemd starts the report", async () => {
        // The journal also has lines from the engine before this one.
        const trigger = () => shown(host(), "visits-report.timer", "LastTriggerUSec");
        expect(await eventually(trigger, (time) => time !== "")).not.toBe("");
        const found = await eventually(reports, (lines) => lines.at(-1) === "2 visits so far");
        expect(found.at(-1)).toBe("2 visits so far");
    });

    test(
        "portablectl reattach: another interval takes effect at once",
        async () => {
            scene.example.edit("units/visits-report.timer", "*:*:0/5", "hourly");
            try {
                await scene.stack.up();
                expect(await shown(host(), "visits-report.timer", "TimersCalendar")).toContain(
                    "OnCalendar=*-*-* *:00:00",
                );
                expect(await shown(host(), "visits-report.timer", "ActiveState")).toBe("active");
            } finally {
                scene.example.edit("units/visits-report.timer", "hourly", "*:*:0/5");
            }
        },
        RUN_TIMEOUT_MS,
    );
});
