import { failure, type Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { removed, sleeper } from "./drop-in-kinds";
import { shown, writeUnits } from "./kinds";

const etc = "/etc/systemd/system";
const SLEEPER = "[Service]\nExecStart=/bin/sleep infinity\n";
let cleanCommand = "true";
// Registered before the hook of helloHost that compares the host.
afterEach(async () => {
    await provider.destroyAll();
    await onHost(host, `{ ${cleanCommand}; } 2>/dev/null; true`);
    provider.warnings({ clear: true });
});
const { provider, host, connection } = helloHost({ snapshot: true });

const dropIn = (unit: string, sections: Json, inputs: Json = {}) =>
    provider.resource("DropIn", unit).up({ unit, sections, connection, ...inputs });

describe("settings that systemd refuses as a whole are rolled back", () => {
    const states = (unit: string) => shown(host, unit, "LoadState", "ActiveState", "MainPID");

    test.each([
        ["of a service that isn't running", "", {}],
        ["of a running service, with onChange none", "systemctl start bad.service", { onChange: "none" }],
    ])("%s", async (_, start, inputs) => {
        cleanCommand = removed("bad.service");
        await onHost(host, `${sleeper(`${etc}/bad.service`)} ${start}`);
        const before = await states("bad.service");
        const { message } = await failure(dropIn("bad.service", { Service: { ExecStart: "/bin/true" } }, inputs));
        expect(message).toContain(
            "Unit bad.service has a bad unit file setting. The drop-in and files were rolled back, and bad.service is as before.",
        );
        expect(message).toContain("Service has more than one ExecStart= setting");
        expect(await states("bad.service")).toEqual(before);
    });

    test("of a template without instances", async () => {
        cleanCommand = removed("bad@.service");
        await writeUnits(host, { "bad@.service": SLEEPER });
        const { message } = await failure(dropIn("bad@.service", { Service: { Type: "dbus" } }));
        expect(message).toContain("no D-Bus service name has been specified");
    });

    test.each(["sockets", "none"])("of a socket, which listens again (%s)", async (way) => {
        cleanCommand = removed("bad.socket", "bad.service");
        const listening = "ss -xl | grep -c /run/bad; systemctl is-active bad.socket bad.service";
        const socket = "[Socket]\nListenStream=/run/bad\nRemoveOnStop=yes\n";
        await writeUnits(
            host,
            { "bad.service": SLEEPER, "bad.socket": socket },
            "systemctl start bad.socket bad.service",
        );
        const { message } = await failure(
            dropIn("bad.socket", { Socket: { ListenStream: "" } }, way === "none" ? { onChange: "none" } : {}),
        );
        expect(message).toContain("Unit has no Listen setting");
        expect(await onHost(host, listening)).toBe("1\nactive\nactive");
    });

    test("of a timer, which waits again", async () => {
        cleanCommand = removed("bad.timer", "bad.service");
        await writeUnits(
            host,
            { "bad.service": SLEEPER, "bad.timer": "[Timer]\nOnCalendar=2090-01-01\n" },
            "systemctl start bad.timer",
        );
        await failure(dropIn("bad.timer", { Timer: { OnCalendar: "" } }));
        expect(await onHost(host, "systemctl show -p NextElapseUSecRealtime --value bad.timer")).toContain("2090");
    });
});

test.each([
    ["restarted", {}],
    ["rolled back", { onChange: "none" }],
])("a service that systemd stops when it reads the settings is %s", async (_, inputs) => {
    cleanCommand = removed("bus.service");
    await writeUnits(host, { "bus.service": SLEEPER }, "systemctl start bus");
    const sections = { Service: { BusName: "org.example.Nobody", TimeoutStartSec: 2 } };
    const { message } = await failure(dropIn("bus.service", sections, inputs));
    expect(message).toContain("The drop-in and files were rolled back, and bus.service is as before.");
    expect(await shown(host, "bus.service", "ActiveState", "Type")).toEqual({ ActiveState: "active", Type: "simple" });
});

test("a service that fails because the one it requires was restarted fails the change", async () => {
    cleanCommand = `${removed("needs.service", "base.service")}; rm -f /run/needs-broken`;
    await writeUnits(
        host,
        {
            "base.service": SLEEPER,
            "needs.service": `[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c '! grep -q Nice ${etc}/base.service.d/override.conf'\n`,
        },
        "systemctl start needs",
    );
    const { message } = await failure(dropIn("base.service", { Service: { Nice: 3 } }));
    expect(message).toContain("needs.service is failed (failed), result exit-code");
    expect(message).toContain("The drop-in and files were rolled back, and base.service is as before.");
    expect(await onHost(host, "systemctl is-active base needs")).toBe("active\nactive");
});

test("a running unit that Conflicts= stops, and units that a target doesn't start, are warned of", async () => {
    cleanCommand = removed("one.service", "two.service", "all.target");
    await writeUnits(
        host,
        { "one.service": SLEEPER, "two.service": SLEEPER, "all.target": "[Unit]\nDescription=all\n" },
        "systemctl start one two all.target",
    );
    await dropIn("one.service", { Unit: { Conflicts: "two.service" } });
    expect(await onHost(host, "systemctl is-active one two || true")).toBe("active\ninactive");
    await dropIn("all.target", { Unit: { Wants: "two.service" } });
    expect(await onHost(host, "systemctl is-active two || true")).toBe("inactive");
    expect(provider.warnings()).toEqual([
        `two.service was stopped on ${host.address}: ${etc}/one.service.d/override.conf has it in Conflicts=.`,
        `all.target on ${host.address} takes the change of ${etc}/all.target.d/override.conf when it is started the next time. To stop and start it at once, set onChange to "restart".`,
    ]);
});

test("a drop-in of the host that has the same name, and is no longer read, is warned of", async () => {
    const other = "/run/systemd/system/twin.service.d";
    cleanCommand = `rm -r ${other}; ${removed("twin.service")}`;
    await writeUnits(host, { "twin.service": SLEEPER, [`${other}/override.conf`]: "[Service]\nNice=1\n" });
    await dropIn("twin.service", { Service: { OOMScoreAdjust: 3 } });
    expect(provider.warnings()).toEqual([
        `twin.service on ${host.address} no longer reads ${other}/override.conf: ${etc}/twin.service.d/override.conf has the same name and hides it. Give the drop-in another name, unless it is meant to replace that one.`,
    ]);
});

test("a line that is too long for systemd is refused", async () => {
    const { message } = await failure(
        provider
            .resource("DropIn", "long")
            .up({ unit: "ssh.service", text: `[Service]\nEnvironment=A=${"x".repeat(1 << 20)}\n`, connection }),
    );
    expect(message).toContain("line 2 of the drop-in has over 1 MiB, and systemd reads no file with such a line");
});
