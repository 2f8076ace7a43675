import { suites } from "../../hosts";
import type { Deployment, Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { idle, imageOf, shown } from "./kinds";

/** Two versions of the units of an image, with each kind of unit that an image can have. */
const units = (version: "one" | "two"): Record<string, string> => {
    const either = (one: string, two: string) => (version === "one" ? one : two);
    return {
        "hello.service": idle("[Install]\nWantedBy=multi-user.target\nAlias=www.service\n", version),
        "hello@.service": idle("[Install]\nWantedBy=multi-user.target\nDefaultInstance=main\n", version),
        "hello-job.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/hello --help\nSuccessExitStatus=1\n",
        "hello-job.timer": `[Timer]\nOnCalendar=${either("2090-01-01", "2091-02-03")}\nOnBootSec=1\n[Install]\nWantedBy=timers.target\n`,
        "hello-job.path": `[Path]\nPathExists=/run/hello-${version}\n[Install]\nWantedBy=multi-user.target\n`,
        "hello-all.target": `[Unit]\nDescription=${version}\n${either("", "Wants=hello-more.service\n")}[Install]\nWantedBy=multi-user.target\n`,
        "hello-more.service": idle("", version),
        "hello-part.service": `[Unit]\nPartOf=hello-all.target\n${idle("", "part")}`,
        "hello-sock.socket": `[Socket]\nListenStream=/run/hello-sock-${version}\nRemoveOnStop=yes\n[Install]\nWantedBy=sockets.target\n`,
        "hello-sock.service": idle("", version),
    };
};

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection } = helloHost({ suite, snapshot: true });

    test("an update of every kind of unit is reported as systemd shows it", async () => {
        const hello: Deployment = provider.resource("PortableImage", "hello");
        const service = provider.resource("AttachedService", "hello");
        const deploy = async (version: "one" | "two") => {
            await hello.up(imageOf(connection, version, units(version)));
            await service.up({ image: hello.outputs.path, connection });
            for (const [unit, unitState] of Object.entries(service.outputs.unitStates as Record<string, Json>)) {
                if (unitState.active === "template") continue;
                const { LoadState, ActiveState, SubState, UnitFileState } = await shown(
                    host,
                    unit,
                    "LoadState",
                    "ActiveState",
                    "SubState",
                    "UnitFileState",
                );
                expect({ unit, ...unitState }).toMatchObject({
                    unit,
                    load: LoadState,
                    active: ActiveState,
                    sub: SubState,
                    enablement: UnitFileState,
                });
            }
        };
        const program = (unit: string) =>
            onHost(host, `tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value ${unit})/cmdline`);
        await deploy("one");
        await onHost(host, "systemctl start hello-part hello-sock.service; systemctl stop hello-more");
        const part = await shown(host, "hello-part.service", "InvocationID");
        const job = await shown(host, "hello-job.service", "InvocationID");
        await deploy("two");
        for (const unit of ["hello.service", "www.service", "hello@main.service", "hello-sock.service"])
            expect(await program(unit)).toBe("/usr/bin/idle two");
        expect((await shown(host, "hello-job.timer", "NextElapseUSecRealtime")).NextElapseUSecRealtime).toBe(
            "Sat 2091-02-03 00:00:00 UTC",
        );
        expect((await shown(host, "hello-job.path", "Paths")).Paths).toContain("/run/hello-two");
        // A restart of the timer would have started its job again (OnBootSec=).
        expect(await shown(host, "hello-job.service", "InvocationID")).toEqual(job);
        expect((await shown(host, "hello-sock.socket", "Listen")).Listen).toContain("/run/hello-sock-two");
        expect((await shown(host, "hello-sock.socket", "ActiveState")).ActiveState).toBe("active");
        expect(await onHost(host, "ls /run/hello-sock-*")).toBe("/run/hello-sock-two");
        // The target starts the unit that it now wants, without a stop of the units that are part of it.
        expect((await shown(host, "hello-all.target", "Description")).Description).toBe("two");
        expect(await program("hello-more.service")).toBe("/usr/bin/idle two");
        expect((await shown(host, "hello-part.service", "ActiveState")).ActiveState).toBe("active");
        expect(part.InvocationID).not.toBe("");
        expect(await service.refresh()).toBe(true);
        expect(service.initErrors).toEqual([]);
    });

    test("a unit of the host that requires the service is running after its update", async () => {
        await onHost(
            host,
            "printf '[Unit]\\nRequires=hello.service\\nAfter=hello.service\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >/etc/systemd/system/needs.service; systemctl daemon-reload",
        );
        const hello = provider.resource("PortableImage", "hello");
        const service = provider.resource("AttachedService", "hello");
        for (const version of ["1", "2"]) {
            await hello.up(imageOf(connection, version, { "hello.service": idle(undefined, version) }));
            await service.up({ image: hello.outputs.path, connection });
            if (version === "1") await onHost(host, "systemctl start needs.service");
        }
        const state = await onHost(host, "systemctl is-active hello.service needs.service || true");
        await onHost(
            host,
            "systemctl stop needs.service; rm /etc/systemd/system/needs.service; systemctl daemon-reload",
        );
        expect(state).toBe("active\nactive");
    });
});
