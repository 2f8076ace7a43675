import { suites } from "../../hosts";
import type { Json } from "../deployment";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { idle, imageOf, shown } from "./kinds";

const units = {
    "hello.service": `${idle("")}Restart=on-failure\nRestartSec=100\n[Install]\nWantedBy=multi-user.target\n`,
    "hello.socket": "[Socket]\nListenStream=/run/hello\nRemoveOnStop=yes\n[Install]\nWantedBy=sockets.target\n",
    "hello-extra.socket": "[Socket]\nListenStream=/run/hello-extra\nService=hello.service\nRemoveOnStop=yes\n",
    "hello-once.service":
        "[Service]\nType=oneshot\nExecStart=/usr/bin/hello --help\nSuccessExitStatus=1\n[Install]\nWantedBy=multi-user.target\n",
};
let changes = 0;
/** A drop-in that differs from the last one. */
const changed = () => [{ unit: "hello.service", sections: { Service: { Environment: { NAME: `${changes++}` } } } }];

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection, expectUntouched } = helloHost({ suite });
    const hello = provider.resource("PortableImage", "hello");
    const service = provider.resource("AttachedService", "hello");
    const dropIn = provider.resource("DropIn", "hello");
    const up = (inputs: Json) => service.up({ image: hello.outputs.path, connection, ...inputs });
    const withSetting = (setting: string, command: string) =>
        onHost(
            host,
            `cd /run/systemd/system && mkdir hello.service.d && printf '[Service]\\n${setting}\\n' >hello.service.d/slow.conf &&
            systemctl daemon-reload && ${command} && sleep 0.1 && rm -r hello.service.d && systemctl daemon-reload`,
        );
    /** Makes the main process exit; ExecStopPost= then takes a second, without a job in systemd that others could wait for. */
    const beginExit = () =>
        withSetting(
            "ExecStopPost=/usr/bin/idle",
            "systemctl kill hello.service && systemd-run -q --on-active=1 systemctl kill hello.service",
        );
    const states = () => onHost(host, "systemctl is-active hello.service hello.socket");
    const invocationOf = async (unit: string) => (await shown(host, unit, "InvocationID")).InvocationID;

    beforeAll(async () => {
        await hello.up(imageOf(connection, "1.0", units));
        await up({ units: { "hello-once.service": { start: false } } });
    });

    test("a oneshot service is started once when the override `start: false` is removed", async () => {
        expect(await invocationOf("hello-once.service")).toBe("");
        await up({});
        const invocation = await invocationOf("hello-once.service");
        expect(invocation).not.toBe("");
        await up({ dropIns: changed() });
        expect(await invocationOf("hello-once.service")).toBe(invocation);
    });

    test("a socket and a service that are being stopped when up begins are started again", async () => {
        await onHost(
            host,
            "systemd-run -q --unit behind -p After=hello.service -p ExecStop='/bin/sleep 1' sleep infinity; systemctl stop --no-block behind hello.service hello.socket",
        );
        await up({ dropIns: changed() });
        expect(await states()).toBe("active\nactive");
        expect(service.outputs.unitStates).toMatchObject({ "hello.socket": { active: "active" } });
    });

    test("a socket whose service is exiting when up begins is started after that", async () => {
        await onHost(host, "systemctl stop hello.socket");
        await beginExit();
        await up({ dropIns: changed() });
        expect(await states()).toBe("active\nactive");
    });

    test("a drop-in of a socket waits for its exiting service", async () => {
        await beginExit();
        await dropIn.up({
            unit: "hello.socket",
            sections: { Socket: { ListenStream: ["/run/hello-two"] } },
            connection,
        });
        const { ActiveState, Listen } = await shown(host, "hello.socket", "ActiveState", "Listen");
        expect(ActiveState).toBe("active");
        expect(Listen).toContain("/run/hello-two");
        await beginExit();
        await dropIn.destroy();
        expect(await onHost(host, "systemctl is-active hello.socket; ls /run/hello*")).toBe("active\n/run/hello");
    });

    test("a stop that doesn't end is awaited until the time limit, and nothing is changed", async () => {
        await up({ dropIns: changed() });
        await withSetting("KillSignal=SIGCONT", "systemctl stop --no-block hello.service");
        for (const deployment of [service, dropIn]) deployment.timeoutSeconds = 4;
        const reason =
            "hello.service: stopping, restarting or reloading has begun there, and hasn't ended. See `systemctl list-jobs`";
        await expect(up({})).rejects.toThrow(reason);
        await expect(dropIn.up({ ...changed()[0], connection })).rejects.toThrow(reason);
        for (const deployment of [service, dropIn]) deployment.timeoutSeconds = 0;
        expect(await onHost(host, "ls /etc/systemd/system/hello.service.d")).toBe("50-portable.conf");
        await onHost(host, "systemctl kill -s KILL hello.service");
    });

    test("a unit that isn't active at the end of an update draws a warning", async () => {
        await onHost(host, "systemctl stop hello.service; systemctl start hello-extra.socket");
        const commands = ["systemctl stop hello-extra.socket", "systemctl kill -s SEGV hello.service", "sleep 0.5"];
        const command = ["/bin/sh", "-c", commands.join("; ")];
        provider.warnings({ clear: true });
        await up({ dropIns: changed(), health: { command: { command } } });
        const todo = "Something stops it, or it ends by itself: read its journal there.";
        expect(provider.warnings()).toEqual([
            `hello.service is activating (auto-restart) on ${host.address} at the end of the update. ${todo}`,
        ]);
        await up({});
    });

    test("destroy leaves nothing", async () => {
        await provider.destroyAll();
        await expectUntouched();
    });
});
